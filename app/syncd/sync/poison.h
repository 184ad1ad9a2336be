// Live documents that a server fails with (5xx), again and again, while it takes others.
#ifndef SYNCD_SYNC_POISON_H_
#define SYNCD_SYNC_POISON_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "syncd/readmodel/event_file.h"

namespace syncd {

// Keeps account of such documents of one generation. One that the server fails with is sent again
// with the others; after a few times by itself; and it is given up once it has failed by itself for
// `give_up`, if the server has written others of its family meanwhile. A server that writes
// nothing, or fails with many documents, is to blame itself: then nothing is given up. What has
// changed meanwhile begins anew. Not thread-safe.
class PoisonWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // How a document is to be sent.
  enum class Way { kTogether, kAlone, kNoMore };

  explicit PoisonWatch(std::chrono::milliseconds give_up) : give_up_(give_up) {}

  Way WayOf(const DocumentChange& change) const;

  // The server has failed with it, sent in the way of WayOf. True: it is given up now.
  bool Failed(const DocumentChange& change, const std::string& reason, Time now);

  // It was written, or was there already.
  void GotThrough(const DocumentChange& change, bool written);

  // The store refuses it: there is no use in sending it again.
  void Refused(const DocumentChange& change, const std::string& reason);

  // A request has failed as a whole: it says nothing of any document, and time does not count.
  void Interrupted();

  // Everything is answered for.
  void Clear() { suspects_.clear(); }

  // Why a document is sent no more, for people.
  std::string ReasonOf(const DocumentChange& change) const;

 private:
  struct Suspect {
    std::optional<std::string> document;  // as it was sent
    int failures = 0;
    std::optional<Time> alone_since;
    uint64_t written_before = 0;  // documents of its family, when it first failed alone
    bool no_more = false;
    std::string reason;
  };
  using Key = std::pair<std::string, std::string>;  // family, id

  const Suspect* Find(const DocumentChange& change) const;
  Suspect& Get(const DocumentChange& change);

  const std::chrono::milliseconds give_up_;
  std::map<Key, Suspect> suspects_;
  std::map<std::string, uint64_t> written_;  // by family
};

}  // namespace syncd

#endif  // SYNCD_SYNC_POISON_H_
