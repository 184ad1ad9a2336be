#include "syncd/readmodel/event_log.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

std::string KeyText(const Cell& cell) {
  return cell.kind == Cell::Kind::kInteger ? absl::StrCat(cell.integer) : cell.text;
}

// Ends a transaction that was not committed.
class Transaction {
 public:
  explicit Transaction(Database& db) : db_(db), status_(db.Begin()) {}
  ~Transaction() { db_.Rollback(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  const absl::Status& status() const { return status_; }
  absl::Status Commit() { return db_.Commit(); }

 private:
  Database& db_;
  absl::Status status_;
};

absl::Status PrepareInto(Database& db, std::string_view sql, Statement& statement) {
  auto prepared = db.Prepare(sql);
  if (!prepared.ok()) return prepared.status();
  statement = *std::move(prepared);
  return absl::OkStatus();
}

}  // namespace

EventLog::EventLog(std::unique_ptr<Database> db, const Plan& plan)
    : db_(std::move(db)), plan_(plan), dead_letters_(*db_) {}

absl::StatusOr<std::unique_ptr<EventLog>> EventLog::Open(const std::string& state_dir,
                                                         const Plan& plan) {
  auto db = OpenJournalFile(state_dir, Database::Mode::kReadWrite);
  if (!db.ok()) return db.status();
  std::unique_ptr<EventLog> log(new EventLog(*std::move(db), plan));
  if (absl::Status s = log->Prepare(); !s.ok()) return s;
  for (const PlanChannel& channel : plan.channels) {
    if (channel.kind != PlanChannel::Kind::kEvents) continue;
    log->readers_[channel.name] = std::make_unique<EventReader>(plan, channel);
    log->counts_[channel.name] = EventCounts();
  }
  return log;
}

absl::Status EventLog::Prepare() {
  const auto head = ReadHead(*db_);
  if (!head.ok()) return head.status();
  head_ = *head;
  next_position_ = head_ + 1;
  const auto arrival = db_->QueryInteger("SELECT arrival FROM journal_state");
  const auto arrival_ms = db_->QueryInteger("SELECT arrival_ms FROM journal_state");
  if (!arrival.ok()) return arrival.status();
  if (!arrival_ms.ok()) return arrival_ms.status();
  arrival_ = static_cast<uint64_t>(*arrival);
  arrival_ms_ = *arrival_ms;
  absl::Status s = PrepareInto(
      *db_,
      "INSERT INTO event (position, channel, body, received_ms, stale) VALUES (?1, ?2, ?3, ?4, ?5)",
      insert_);
  if (s.ok()) {
    s = PrepareInto(*db_, "SELECT value FROM entity_order WHERE entity = ?1 AND key = ?2", order_);
  }
  if (s.ok()) {
    s = PrepareInto(*db_,
                    "INSERT INTO entity_order (entity, key, value, deleted, changed_ms) "
                    "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET value = excluded.value, "
                    "deleted = excluded.deleted, changed_ms = excluded.changed_ms",
                    keep_order_);
  }
  if (s.ok()) {
    s = PrepareInto(*db_, "UPDATE journal_state SET arrival = ?1, arrival_ms = ?2", count_arrival_);
  }
  return s;
}

EventStamp EventLog::Stamp(const EventStamp& stamp) {
  if (stamp.arrival != 0) return stamp;
  EventStamp given = stamp;
  // A clock that is set back must not make what comes now older than what came before.
  arrival_ms_ = std::max(arrival_ms_, absl::ToUnixMillis(absl::Now()));
  given.arrival_ms = arrival_ms_;
  given.arrival = ++arrival_;
  return given;
}

absl::StatusOr<uint64_t> EventLog::Append(const std::vector<IncomingEvent>& events) {
  const std::lock_guard lock(mutex_);
  const std::map<std::string, EventCounts> before = counts_;
  const auto undo = [&](const absl::Status& status) {
    counts_ = before;
    next_position_ = head_ + 1;
    return status;
  };
  Transaction transaction(*db_);
  if (!transaction.status().ok()) return transaction.status();
  for (const IncomingEvent& event : events) {
    IncomingEvent stamped{event.channel, event.body, Stamp(event.stamp)};
    if (absl::Status s = AppendOne(stamped, true); !s.ok()) return undo(s);
  }
  count_arrival_.BindInteger(1, static_cast<int64_t>(arrival_));
  count_arrival_.BindInteger(2, arrival_ms_);
  absl::Status s = count_arrival_.Run();
  if (s.ok()) s = transaction.Commit();
  if (!s.ok()) return undo(s);
  head_ = next_position_ - 1;
  return head_.load();
}

absl::Status EventLog::AppendOne(const IncomingEvent& event, bool keep_rejected) {
  const auto reader = readers_.find(event.channel);
  if (reader == readers_.end()) {
    return absl::NotFoundError(
        absl::StrFormat("plan \"%s\" has no event channel \"%s\"", plan_.name, event.channel));
  }
  EventCounts& counts = counts_[event.channel];
  ++counts.received;
  std::vector<Found> changes;
  const absl::Status read =
      reader->second->Read(event.body, event.stamp, [&](const EventChange& change) {
        changes.push_back({change.row.entity->name, KeyText(change.row.key_cell()), change.order,
                           change.row.change == EntityRow::Change::kDelete});
        return absl::OkStatus();
      });
  if (absl::IsInvalidArgument(read)) {
    ++counts.rejected;
    return keep_rejected ? Reject(event, read) : read;
  }
  if (!read.ok()) return read;
  if (changes.empty()) {
    ++counts.empty;
    return absl::OkStatus();
  }
  const auto stale = Stale(changes);
  if (!stale.ok()) return stale.status();
  const bool all_stale = std::ranges::all_of(
      changes, [&](const Found& change) { return stale->contains(change.entity); });
  if (all_stale) {
    ++counts.stale;
    return absl::OkStatus();
  }
  insert_.BindInteger(1, static_cast<int64_t>(next_position_));
  insert_.BindText(2, event.channel);
  insert_.BindText(3, event.body);
  insert_.BindInteger(4, event.stamp.arrival_ms);
  const std::string names = absl::StrJoin(*stale, ",");
  insert_.BindText(5, names);
  if (absl::Status s = insert_.Run(); !s.ok()) return s;
  ++next_position_;
  ++counts.journalled;
  return KeepOrders(changes, *stale, event.stamp.arrival_ms);
}

absl::StatusOr<std::set<std::string>> EventLog::Stale(const std::vector<Found>& changes) {
  std::set<std::string> stale;
  for (const Found& change : changes) {
    order_.BindText(1, change.entity);
    order_.BindText(2, change.key);
    const auto row = order_.Step();
    if (!row.ok()) return row.status();
    if (*row && change.order <= order_.Text(0)) stale.insert(change.entity);
    order_.Reset();
  }
  return stale;
}

absl::Status EventLog::KeepOrders(const std::vector<Found>& changes,
                                  const std::set<std::string>& stale, int64_t now_ms) {
  for (const Found& change : changes) {
    if (stale.contains(change.entity)) continue;
    keep_order_.BindText(1, change.entity);
    keep_order_.BindText(2, change.key);
    keep_order_.BindText(3, change.order);
    keep_order_.BindInteger(4, change.deleted ? 1 : 0);
    keep_order_.BindInteger(5, now_ms);
    if (absl::Status s = keep_order_.Run(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status EventLog::Reject(const IncomingEvent& event, const absl::Status& reason) {
  DeadLetter letter;
  letter.channel = event.channel;
  letter.kind = DeadLetter::Kind::kRejected;
  letter.reason = std::string(reason.message());
  letter.body = event.body;
  letter.stamp = event.stamp;
  return dead_letters_.Add(letter);
}

std::string LateChannel(const std::string& build_id, const std::string& channel) {
  return absl::StrCat("@", build_id, "/", channel);
}

absl::Status EventLog::AppendLate(const std::string& build_id, const std::string& channel,
                                  const std::string& body) {
  const std::lock_guard lock(mutex_);
  const std::string name = LateChannel(build_id, channel);
  insert_.BindInteger(1, static_cast<int64_t>(next_position_));
  insert_.BindText(2, name);
  insert_.BindText(3, body);
  insert_.BindInteger(4, Stamp({}).arrival_ms);
  insert_.BindText(5, "");
  if (absl::Status s = insert_.Run(); !s.ok()) return s;
  head_ = next_position_++;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> EventLog::PositionAt(int64_t time_ms) {
  const std::lock_guard lock(mutex_);
  auto select = db_->Prepare("SELECT min(position) FROM event WHERE received_ms >= ?1");
  if (!select.ok()) return select.status();
  select->BindInteger(1, time_ms);
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  return select->IsNull(0) ? head_.load() : static_cast<uint64_t>(select->Integer(0)) - 1;
}

absl::Status EventLog::AddDeadLetter(const DeadLetter& letter) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*db_);
  absl::Status s = transaction.status();
  if (s.ok() && letter.kind == DeadLetter::Kind::kRefused) s = dead_letters_.DropRefused(letter);
  if (s.ok()) s = dead_letters_.Add(letter);
  return s.ok() ? transaction.Commit() : s;
}

absl::StatusOr<std::vector<DeadLetter>> EventLog::ListDeadLetters(int64_t after, int limit) {
  const std::lock_guard lock(mutex_);
  return dead_letters_.List(after, limit);
}

absl::StatusOr<DeadLetter> EventLog::GetDeadLetter(int64_t id) {
  const std::lock_guard lock(mutex_);
  return dead_letters_.Get(id);
}

absl::StatusOr<int64_t> EventLog::CountDeadLetters() {
  const std::lock_guard lock(mutex_);
  return dead_letters_.Count();
}

absl::Status EventLog::DropDeadLetter(int64_t id) {
  const std::lock_guard lock(mutex_);
  return dead_letters_.Drop(id);
}

absl::StatusOr<int64_t> EventLog::ExpireDeadLetters(int64_t before_ms) {
  const std::lock_guard lock(mutex_);
  return dead_letters_.Expire(before_ms);
}

absl::Status EventLog::RetryDeadLetter(int64_t id) {
  const std::lock_guard lock(mutex_);
  const auto letter = dead_letters_.Get(id);
  if (!letter.ok()) return letter.status();
  const std::map<std::string, EventCounts> before = counts_;
  const auto undo = [&](const absl::Status& status) {
    counts_ = before;
    next_position_ = head_ + 1;
    return status;
  };
  Transaction transaction(*db_);
  if (!transaction.status().ok()) return transaction.status();
  absl::Status s = AppendOne({letter->channel, letter->body, letter->stamp}, false);
  if (s.ok()) s = dead_letters_.Drop(id);
  if (s.ok()) s = transaction.Commit();
  if (!s.ok()) return undo(s);
  head_ = next_position_ - 1;
  return absl::OkStatus();
}

absl::Status EventLog::MarkCold(uint64_t generation, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  auto insert = db_->Prepare("INSERT OR REPLACE INTO cold (generation, reason) VALUES (?1, ?2)");
  if (!insert.ok()) return insert.status();
  insert->BindInteger(1, static_cast<int64_t>(generation));
  insert->BindText(2, reason);
  return insert->Run();
}

absl::Status EventLog::ForgetCold(uint64_t generation) {
  const std::lock_guard lock(mutex_);
  auto remove = db_->Prepare("DELETE FROM cold WHERE generation = ?1");
  if (!remove.ok()) return remove.status();
  remove->BindInteger(1, static_cast<int64_t>(generation));
  return remove->Run();
}

absl::StatusOr<std::map<uint64_t, std::string>> EventLog::Cold() {
  const std::lock_guard lock(mutex_);
  return ReadCold(*db_);
}

absl::StatusOr<std::map<uint64_t, std::string>> ReadCold(Database& journal) {
  auto select = journal.Prepare("SELECT generation, reason FROM cold");
  if (!select.ok()) return select.status();
  std::map<uint64_t, std::string> cold;
  for (;;) {
    const auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return cold;
    cold[static_cast<uint64_t>(select->Integer(0))] = select->TextCopy(1);
  }
}

absl::StatusOr<uint64_t> ReadHead(Database& journal) {
  const auto head = journal.QueryInteger(
      "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'");
  if (!head.ok()) return head.status();
  return static_cast<uint64_t>(*head);
}

std::map<std::string, EventCounts> EventLog::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

absl::StatusOr<std::unique_ptr<EventLogReader>> EventLogReader::Open(const std::string& state_dir) {
  auto db = OpenJournalFile(state_dir, Database::Mode::kReadOnly);
  if (!db.ok()) return db.status();
  std::unique_ptr<EventLogReader> reader(new EventLogReader(*std::move(db)));
  absl::Status s = PrepareInto(*reader->db_,
                               "SELECT position, channel, body, stale FROM event "
                               "WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
                               reader->select_);
  if (!s.ok()) return s;
  return reader;
}

absl::StatusOr<std::vector<LoggedEvent>> EventLogReader::Read(uint64_t after, uint64_t last,
                                                              int limit, size_t bytes) {
  select_.BindInteger(1, static_cast<int64_t>(after));
  select_.BindInteger(2, static_cast<int64_t>(last));
  select_.BindInteger(3, limit);
  std::vector<LoggedEvent> events;
  absl::Status failed;
  for (size_t size = 0; size < bytes;) {
    const auto row = select_.Step();
    if (!row.ok()) failed = row.status();
    if (!row.ok() || !*row) break;
    LoggedEvent event;
    event.position = static_cast<uint64_t>(select_.Integer(0));
    event.channel = select_.TextCopy(1);
    event.body = select_.TextCopy(2);
    for (const std::string& name :
         std::vector<std::string>(absl::StrSplit(select_.TextCopy(3), ',', absl::SkipEmpty()))) {
      event.stale.insert(name);
    }
    size += event.body.size();
    events.push_back(std::move(event));
  }
  select_.Reset();
  if (!failed.ok()) return failed;
  return events;
}

}  // namespace syncd
