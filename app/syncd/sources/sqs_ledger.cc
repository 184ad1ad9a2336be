#include "syncd/sources/sqs_ledger.h"

#include <utility>

namespace syncd {
namespace {

std::vector<SqsReceipt> TakeTen(std::deque<SqsReceipt>& receipts) {
  std::vector<SqsReceipt> taken;
  while (!receipts.empty() && taken.size() < kSqsBatch) {
    taken.push_back(std::move(receipts.front()));
    receipts.pop_front();
  }
  return taken;
}

}  // namespace

void SqsLedger::Add(uint64_t delivery, std::string handle, std::string group, TimePoint now) {
  held_[delivery] = Held{std::move(handle), std::move(group), now + visibility_};
}

void SqsLedger::Acknowledge(uint64_t delivery) {
  while (!held_.empty() && held_.begin()->first <= delivery) {
    to_delete_.push_back({held_.begin()->first, std::move(held_.begin()->second.handle)});
    held_.erase(held_.begin());
  }
}

std::vector<SqsReceipt> SqsLedger::TakeDeletes() {
  std::vector<SqsReceipt> taken = TakeTen(to_delete_);
  deleting_ += taken.size();
  return taken;
}

void SqsLedger::DeleteDone(const SqsReceipt& receipt, bool again) {
  --deleting_;
  if (again) to_delete_.push_back(receipt);
}

std::vector<SqsReceipt> SqsLedger::TakeExtensions(TimePoint now) {
  std::vector<SqsReceipt> taken;
  for (auto& [delivery, held] : held_) {
    if (taken.size() == kSqsBatch) break;
    if (held.extending || held.lost || held.hidden_until - now > visibility_ / 2) continue;
    held.extending = true;
    taken.push_back({delivery, held.handle});
  }
  return taken;
}

void SqsLedger::Extended(uint64_t delivery, TimePoint sent_at) {
  const auto found = held_.find(delivery);  // it may be acknowledged by now
  if (found == held_.end()) return;
  found->second.extending = false;
  found->second.lost = false;  // the answer was only late
  found->second.hidden_until = sent_at + visibility_;
}

void SqsLedger::NotExtended(uint64_t delivery) {
  const auto found = held_.find(delivery);
  if (found != held_.end()) found->second.extending = false;
}

void SqsLedger::Lost(uint64_t delivery) {
  const auto found = held_.find(delivery);
  if (found != held_.end()) MarkLost(found->second);
}

void SqsLedger::MarkLost(Held& held) {
  held.lost = true;
  if (!held.group.empty()) broken_groups_.insert(held.group);
}

void SqsLedger::Expire(TimePoint now) {
  for (auto& [delivery, held] : held_) {
    if (!held.lost && held.hidden_until <= now) MarkLost(held);
  }
}

std::set<uint64_t> SqsLedger::TakeUnordered() {
  std::set<uint64_t> found;
  if (broken_groups_.empty()) return found;
  for (const auto& [delivery, held] : held_) {
    if (broken_groups_.contains(held.group)) found.insert(delivery);
  }
  broken_groups_.clear();
  return found;
}

void SqsLedger::Withdraw(uint64_t delivery) {
  const auto found = held_.find(delivery);
  if (found == held_.end()) return;
  if (!found->second.lost) given_back_.push_back({delivery, std::move(found->second.handle)});
  held_.erase(found);
}

void SqsLedger::WithdrawAll() {
  while (!held_.empty()) Withdraw(held_.begin()->first);
}

void SqsLedger::GiveBack(std::string handle) { given_back_.push_back({0, std::move(handle)}); }

std::vector<SqsReceipt> SqsLedger::TakeGivenBack() {
  std::vector<SqsReceipt> taken = TakeTen(given_back_);
  // Some were never delivered: within a batch they only have to be told apart.
  for (size_t i = 0; i < taken.size(); ++i) taken[i].delivery = i;
  return taken;
}

}  // namespace syncd
