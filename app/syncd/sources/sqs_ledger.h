// What an SQS source holds of its queue: every message that was fetched and is not deleted.
#ifndef SYNCD_SOURCES_SQS_LEDGER_H_
#define SYNCD_SOURCES_SQS_LEDGER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "syncd/sources/sqs_protocol.h"

namespace syncd {

// Deliveries by number, in the order of hand-over. A delivery is held until it is acknowledged,
// then to be deleted until the server has answered for it. Pure: time comes from the caller. Not
// thread-safe.
class SqsLedger {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `visibility`: for how long the queue hides a message that was handed out or extended.
  explicit SqsLedger(std::chrono::milliseconds visibility) : visibility_(visibility) {}

  // A message was received at `now`; `delivery` is higher than all before.
  void Add(uint64_t delivery, std::string handle, std::string group, TimePoint now);

  // Everything up to `delivery` is to be deleted.
  void Acknowledge(uint64_t delivery);

  // Deliveries that are held, to be deleted, or being deleted.
  size_t size() const { return held_.size() + to_delete_.size() + deleting_; }
  bool has_deletes() const { return !to_delete_.empty(); }

  // Up to ten to delete, each of which gets one DeleteDone.
  std::vector<SqsReceipt> TakeDeletes();
  void DeleteDone(const SqsReceipt& receipt, bool again);

  // Up to ten whose time is half over, each of which gets one of the three below.
  std::vector<SqsReceipt> TakeExtensions(TimePoint now);
  void Extended(uint64_t delivery, TimePoint sent_at);  // hidden anew, from `sent_at` on
  void NotExtended(uint64_t delivery);                  // to be tried again
  void Lost(uint64_t delivery);                         // it comes again whatever we do

  // Notes as lost whatever time has run out for.
  void Expire(TimePoint now);

  // FIFO: held deliveries of the groups of which one was lost since the last call. Where they were
  // not handed out they must not be any more: the group comes again from the lost one on.
  std::set<uint64_t> TakeUnordered();

  // Forgets a delivery that was never handed out. To be given back, unless it is lost.
  void Withdraw(uint64_t delivery);
  // Forgets all deliveries that are held. To be given back, unless they are lost.
  void WithdrawAll();
  // A message that isn't held at all is to be given back.
  void GiveBack(std::string handle);

  bool has_given_back() const { return !given_back_.empty(); }

  // Up to ten to give back at once; nobody asks for them again.
  std::vector<SqsReceipt> TakeGivenBack();

 private:
  struct Held {
    std::string handle;
    std::string group;
    TimePoint hidden_until;
    bool extending = false;
    bool lost = false;
  };

  void MarkLost(Held& held);

  const std::chrono::milliseconds visibility_;
  std::map<uint64_t, Held> held_;
  std::deque<SqsReceipt> to_delete_;
  size_t deleting_ = 0;
  std::deque<SqsReceipt> given_back_;
  std::set<std::string> broken_groups_;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_SQS_LEDGER_H_
