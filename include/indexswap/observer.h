// How the library tells its caller what happens: it neither logs nor prints.
#ifndef INDEXSWAP_OBSERVER_H_
#define INDEXSWAP_OBSERVER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace indexswap {

// A document that the store will never take.
struct RefusedDocument {
  std::string family;
  std::string id;
  uint64_t version = 0;
  std::string document;  // JSON
  std::string reason;    // the store's words
};

// Receives what an Engine reports. Methods are called from the engine's threads, several at once;
// they must not call back into the engine, and should return quickly. The default does nothing.
class Observer {
 public:
  enum class Severity { kInfo, kWarning, kError };

  virtual ~Observer() = default;

  // Something worth a line in a log.
  virtual void OnNote(Severity, const std::string& /*text*/) {}

  // A document was refused. Called once for each, before Build::Seal returns.
  virtual void OnRefused(const RefusedDocument&) {}

  // A named step of a workflow is about to be taken or has been taken, such as `swap.before` and
  // `swap.after`. For fault injection and tracing. A name never changes once it is released.
  virtual void OnStep(std::string_view /*step*/) {}
};

}  // namespace indexswap

#endif  // INDEXSWAP_OBSERVER_H_
