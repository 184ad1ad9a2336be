#include "syncd/sources/sqs_source.h"

#include <algorithm>
#include <utility>

namespace syncd {

SqsSource::SqsSource(SqsOptions options, std::string queue_url)
    : options_(std::move(options)),
      queue_url_(std::move(queue_url)),
      deliveries_(options_.prefetch_bytes, [this] {
        if (client_ != nullptr) client_->Wake();
      }) {}

SqsSource::~SqsSource() { Close().IgnoreError(); }

absl::Status SqsSource::Open() {
  if (thread_.joinable()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<SqsClient>> client = SqsClient::Make(options_, queue_url_);
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  stop_ = false;
  opened_.reset();
  thread_ = std::thread([this] { Run(); });
  std::unique_lock lock(mutex_);
  opened_changed_.wait(lock, [this] { return opened_.has_value(); });
  const absl::Status status = *opened_;
  lock.unlock();
  if (!status.ok()) {
    thread_.join();
    client_.reset();
  }
  return status;
}

absl::StatusOr<std::optional<Message>> SqsSource::Next(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return absl::FailedPreconditionError(Describe() + " is not open");
  return deliveries_.Pop(timeout);
}

absl::StatusOr<uint64_t> SqsSource::Waiting() {
  if (!thread_.joinable()) return absl::FailedPreconditionError(Describe() + " is not open");
  return deliveries_.Ask(options_.answer_timeout);
}

absl::Status SqsSource::Close() {
  if (!thread_.joinable()) return absl::OkStatus();
  stop_ = true;
  client_->Wake();
  thread_.join();
  client_.reset();
  return absl::OkStatus();
}

void SqsSource::ReportOpened(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    opened_ = status;
  }
  opened_changed_.notify_all();
}

void SqsSource::Run() {
  SqsSession session(options_, queue_url_, *client_, deliveries_, counters_);
  const absl::Status checked = session.Check(stop_);
  if (checked.ok()) deliveries_.Connected();
  ReportOpened(checked);
  if (!checked.ok()) return;
  const absl::Status ended = session.Serve(stop_);
  if (!ended.ok()) deliveries_.Fail(ended);
  session.Finish();
}

std::unique_ptr<Source> MakeSqsSource(SqsOptions options, std::string queue_url) {
  return std::make_unique<SqsSource>(std::move(options), std::move(queue_url));
}

std::string AwsRegionOf(std::string_view queue_url) {
  std::string_view host = queue_url.substr(std::min(queue_url.find("://"), queue_url.size()));
  host.remove_prefix(std::min<size_t>(3, host.size()));
  host = host.substr(0, host.find_first_of("/:"));
  for (const std::string_view amazon :
       {".vpce.amazonaws.com", ".amazonaws.com", ".amazonaws.com.cn", ".api.aws"}) {
    if (!host.ends_with(amazon)) continue;
    host.remove_suffix(amazon.size());
    if (host == "queue") return "us-east-1";
    if (host.ends_with(".queue")) return std::string(host.substr(0, host.size() - 6));
    // `sqs.<region>`, `sqs-fips.<region>`, `<endpoint>.sqs.<region>`
    const size_t dot = host.rfind('.');
    if (dot == std::string_view::npos) return "";
    const std::string_view service = host.substr(0, dot);
    const bool sqs = service == "sqs" || service == "sqs-fips" || service.ends_with(".sqs");
    return sqs ? std::string(host.substr(dot + 1)) : "";
  }
  return "";
}

}  // namespace syncd
