// A plan: what messages mean, how entities are joined into documents, and what goes live together.
//
// All values; a Plan is immutable once read and may be shared between threads. docs/plan.md
// documents the folder that a plan is read from.
#ifndef SYNCD_PLAN_PLAN_H_
#define SYNCD_PLAN_PLAN_H_

#include <indexswap/release.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

// How a value in a message becomes a column.
enum class FieldType {
  kText,      // text as it is; a number becomes its digits
  kKeyword,   // as text, but missing where longer than 256 UTF-16 units: what a `.keyword`
              // sub-field with `ignore_above: 256` has of it
  kInteger,   // a 64-bit integer, or its digits as text
  kBoolean,   // true, false, or these words as text; kept as 1 and 0
  kDate,      // `uuuu-MM-dd`
  kDateTime,  // `uuuu-MM-dd'T'HH:mm:ss.SSS`
};

// The word for `type` in plan.toml, such as `datetime`.
std::string_view FieldTypeName(FieldType type);

// One column of an entity's table.
struct PlanField {
  std::string name;
  FieldType type = FieldType::kText;
  std::string from;  // path in the message, parts separated by dots; from the item if it begins
                     // with `/`, else from the object that the assignment names
};

// One kind of record, kept in one table of its name.
struct PlanEntity {
  std::string name;
  std::string key;    // name of the field that identifies a record; never null
  std::string join;   // name of the field that joins it to others; null if blank; may be the key
  std::string order;  // name of the field by which older never overwrites newer; empty: arrival
  std::vector<PlanField> fields;

  const PlanField* FindField(std::string_view field) const;
};

// What one item of a channel assigns: one entity, whole.
struct PlanAssignment {
  std::string entity;
  std::string at;  // path from the item to the object that has the fields; empty: the item itself
  std::map<std::string, std::string> from;  // paths that differ from the entity's: field to path

  // Assigned only if the value at this path (as in `from`) is there and not null; empty: always.
  std::string only_with;
  // Assigned only if one of these matches: each a set of paths with the texts that they must have.
  std::vector<std::map<std::string, std::string>> when;
  // Texts that are kept as others: field to (as sent, as kept); what is not named stays as sent.
  std::map<std::string, std::map<std::string, std::string>> words;
  bool deletes = false;  // in a change stream: a delete removes the entity
};

// What puts the events of a channel in order: the first of a list that a message has.
struct PlanOrder {
  enum class Kind {
    kClusterTime,  // of a change stream; ties by `_id._data`
    kSequence,     // the sequence number of an SQS FIFO queue
    kSent,         // when SQS took the message
    kArrival,      // when syncd took it
    kField,        // a date-time at `path`; ties by cluster time
  };

  Kind kind = Kind::kArrival;
  std::string path;  // for kField, as in PlanAssignment::from
};

// A message that syncd sends: it asks a sender for its snapshot, or says that the swap is done.
struct PlanStart {
  std::string exchange;
  std::string routing_key;
  std::string body;  // sent as it stands, so a JSON string has its quotes in it
};

// How a message says that its channel ends.
struct PlanEnd {
  std::string field;           // a field of the message's outermost object
  std::string value = "true";  // its value then, as JSON
  std::string
      count;  // a field beside it with the number of records to expect; empty: there is none
};

// One stream of messages.
struct PlanChannel {
  enum class Kind { kSnapshot, kEvents };

  std::string name;
  Kind kind = Kind::kSnapshot;
  std::string queue;       // the default, such as `amqp:NAME`; empty: none
  bool has_start = false;  // whether `start` says anything
  PlanStart start;
  std::string items;     // field with the item or the list of items; empty: the body is the item
  bool has_end = false;  // whether `end` says anything
  PlanEnd end;
  bool may_be_empty = false;       // a file that is missing, or has no record, is no error
  std::vector<std::string> after;  // channels that must have ended before this one starts
  std::vector<PlanAssignment> assigns;

  // Of an event channel.
  bool change_stream = false;  // messages are MongoDB change events: operationType, fullDocument …
  std::vector<PlanOrder> order;
};

// One family of indexes and the view whose rows are its documents.
struct PlanFamily {
  std::string name;
  std::string view;          // columns `join_key`, `id`, then one a field of the document
  std::string mapping_file;  // name of the JSON file
  std::string settings;      // JSON object, or empty
  uint64_t min_documents = 0;
  std::map<std::string, std::string, std::less<>> types;  // top-level field to its mapped type
};

// A search that readers send, run on old and new before a swap.
struct PlanQuery {
  std::string name;
  std::string alias;      // through which it is sent
  std::string body_file;  // name of the JSON file
  // See indexswap::QuerySpec.
  std::optional<double> max_shrink;
  std::optional<uint64_t> shrink_slack;
  double max_slower = 0;
};

// A plan as read. See docs/plan.md.
struct Plan {
  std::string name;
  std::string release;
  bool get_starts_sync = false;       // whether `GET /api/sync` starts one, as `POST` does
  std::vector<std::string> views;     // names of SQL files, in the order in which they are run
  std::string hydrate_file;           // name of an SQL file, or empty
  bool hydrated_starts_sync = false;  // whether a daemon that had to hydrate starts a sync
  bool has_after_swap = false;        // whether `after_swap` says anything
  PlanStart after_swap;               // sent when a sync from queues has gone live
  std::vector<PlanEntity> entities;
  std::vector<PlanChannel> channels;
  std::vector<PlanFamily> families;
  std::vector<indexswap::AliasSpec> aliases;
  std::vector<PlanQuery> queries;

  std::map<std::string, std::string> files;  // every file of the plan: name to text
  std::string hash;  // SHA-256 over names and contents of `files`, in hexadecimal

  const PlanEntity* FindEntity(std::string_view entity) const;
  const PlanChannel* FindChannel(std::string_view channel) const;
  const PlanFamily* FindFamily(std::string_view family) const;

  // Families, mappings, aliases and queries for the engine; `plan_hash` is `hash`.
  indexswap::ReleaseSpec ToReleaseSpec() const;
};

}  // namespace syncd

#endif  // SYNCD_PLAN_PLAN_H_
