#include "syncd/http/server.h"

#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>

#include "syncd/http/address.h"
#include "syncd/http/connections.h"
#include "syncd/http/guard.h"
#include "syncd/http/protocol.h"
#include "syncd/http/request_body.h"
#include "syncd/http/request_metrics.h"
#include "syncd/http/routes.h"
#include "syncd/http/status_page.h"

namespace syncd {
namespace {

constexpr char kPlainText[] = "text/plain; charset=utf-8";
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kNdjson[] = "application/x-ndjson";

HttpResponse Json(ApiAnswer answer) {
  return {.status = answer.status, .body = std::move(answer.json)};
}

HttpResponse Text(int status, const std::string& text) {
  return {.status = status, .content_type = kPlainText, .body = text};
}

// A media type without its parameters, in lower case.
std::string MediaType(const HttpRequest& request) {
  const std::string_view header = request.Header("content-type").value_or("");
  const std::string type(header.substr(0, header.find(';')));
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(type));
}

absl::Status CheckBasePath(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  const bool slashes =
      path.front() == '/' && path.back() != '/' && path.find("//") == std::string::npos;
  bool letters = true;
  for (const char c : path) {
    letters = letters && (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                          std::string_view("/-._~").find(c) != std::string_view::npos);
  }
  if (slashes && letters) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "[http] base_path \"%s\": expected a path such as /integration: it begins with a slash, "
      "doesn't end with one, and has only letters, digits and -._~ between them",
      path));
}

absl::Status CheckToken(const std::optional<std::string>& token) {
  if (!token) return absl::OkStatus();
  bool good = !token->empty();
  for (const char c : *token) good = good && absl::ascii_isgraph(static_cast<unsigned char>(c));
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "[http] token_file: the token is empty, or has other characters than printable ASCII "
      "without spaces; write one line, such as `openssl rand -hex 32` prints");
}

class ApiServerImpl : public ApiServer, private HttpHandler {
 public:
  ApiServerImpl(const ApiServerOptions& options, Api* api, std::string address,
                std::unique_ptr<Connections> connections)
      : api_(api),
        base_path_(options.base_path),
        guard_(options.token),
        body_bytes_max_(options.body_bytes_max),
        address_(std::move(address)),
        protocol_({.body_bytes_max = options.body_bytes_max,
                   .head_timeout = options.head_timeout,
                   .body_timeout = options.body_timeout,
                   .write_timeout = options.write_timeout,
                   .idle_timeout = options.idle_timeout},
                  this),
        connections_(std::move(connections)) {
    connections_->Start(options.threads, [this](int socket, const ConnectionSignals& signals) {
      protocol_.Serve(socket, signals);
    });
  }

  const std::string& address() const override { return address_; }
  bool Stop(std::chrono::milliseconds grace) override { return connections_->Stop(grace); }

 private:
  Route Find(const HttpRequest& request) const {
    return FindRoute(request.method, request.path, base_path_, api_->get_starts_sync());
  }

  std::optional<HttpResponse> Refuse(const HttpRequest& request) override;
  HttpResponse Answer(const HttpRequest& request, const std::string& body) override;
  HttpResponse ProtocolError(int status) override;
  void Count(const HttpRequest& request, int status) override;

  std::optional<HttpResponse> RefuseBody(const HttpRequest& request, const Route& route) const;
  ApiAnswer CallWithBody(const Route& route, const HttpRequest& request, const std::string& body);
  ApiAnswer TakeMessages(const Route& route, const HttpRequest& request, const std::string& body);

  Api* const api_;
  const std::string base_path_;
  const Guard guard_;
  const size_t body_bytes_max_;
  const std::string address_;
  RequestMetrics metrics_;
  Protocol protocol_;
  std::unique_ptr<Connections> connections_;  // last: its threads use all of the above
};

std::optional<HttpResponse> ApiServerImpl::Refuse(const HttpRequest& request) {
  const Route route = Find(request);
  if (route.kind == Route::Kind::kNoSuchPath) {
    return Json(ApiError(404, "not_found", "no such path; docs/http.md lists the calls"));
  }
  if (route.kind == Route::Kind::kNoSuchMethod) {
    HttpResponse refusal = Json(ApiError(
        405, "method_not_allowed",
        absl::StrFormat("%s can't be called here; expected %s", request.method, route.allow)));
    refusal.headers.emplace_back("Allow", route.allow);
    return refusal;
  }
  if (!route.guarded()) return std::nullopt;
  if (std::optional<HttpResponse> refusal = guard_.Refuse(request)) return refusal;
  // Someone who writes ?dry_run=true must not find that it was ignored.
  if (!request.query.empty() && request.method != "GET") {
    return Json(ApiError(400, "invalid",
                         "this call takes no query parameters; send them as a JSON object in the "
                         "body"));
  }
  return route.takes_body() ? RefuseBody(request, route) : std::nullopt;
}

std::optional<HttpResponse> ApiServerImpl::RefuseBody(const HttpRequest& request,
                                                      const Route& route) const {
  if (!request.has_body) return std::nullopt;
  const std::string type = MediaType(request);
  const bool messages = route.call == Call::kTakeMessages;
  if (type != "application/json" && !(messages && type == kNdjson)) {
    return Json(ApiError(415, "unsupported_media_type",
                         messages ? "expected Content-Type: application/json (one message) or "
                                    "application/x-ndjson (one a line)"
                                  : "expected Content-Type: application/json"));
  }
  const auto encoding = request.Header("content-encoding");
  if (encoding && absl::AsciiStrToLower(std::string(*encoding)) != "identity") {
    return Json(ApiError(415, "unsupported_media_type",
                         "expected a body without Content-Encoding, not compressed"));
  }
  return std::nullopt;
}

HttpResponse ApiServerImpl::Answer(const HttpRequest& request, const std::string& body) {
  const Route route = Find(request);
  switch (route.call) {
    case Call::kPlan:
      return Json(api_->Plan());
    case Call::kStatus:
      return Json(api_->Status());
    case Call::kListDeadLetters:
      return Json(api_->DeadLetters());
    case Call::kShowDeadLetter:
      return Json(api_->DeadLetter(route.argument));
    case Call::kDropDeadLetter:
      return Json(api_->DropDeadLetter(route.argument));
    case Call::kHealth:
      return Text(200, "ok\n");
    case Call::kReady: {
      const std::optional<std::string> why = api_->NotReady();
      return why ? Text(503, *why + "\n") : Text(200, "ready\n");
    }
    case Call::kMetrics:
      return {.content_type = kPrometheusText, .body = metrics_.Text() + api_->Metrics()};
    case Call::kPage:
      return StatusPage();
    case Call::kPageRedirect:
      return {.status = 301, .headers = {{"Location", base_path_ + "/"}}};
    default:
      return Json(CallWithBody(route, request, body));
  }
}

ApiAnswer ApiServerImpl::CallWithBody(const Route& route, const HttpRequest& request,
                                      const std::string& body) {
  switch (route.call) {
    case Call::kStartSync: {
      const absl::StatusOr<ApiSyncRequest> sync = ReadSyncRequest(body);
      return sync.ok() ? api_->StartSync(*sync) : ApiError(sync.status());
    }
    case Call::kRollback: {
      const absl::StatusOr<ApiRollbackRequest> rollback = ReadRollbackRequest(body);
      return rollback.ok() ? api_->Rollback(*rollback) : ApiError(rollback.status());
    }
    case Call::kPrune: {
      const absl::StatusOr<bool> dry_run = ReadPruneRequest(body);
      return dry_run.ok() ? api_->Prune(*dry_run) : ApiError(dry_run.status());
    }
    case Call::kAdopt: {
      const absl::StatusOr<ApiAdoptRequest> adopt = ReadAdoptRequest(body);
      return adopt.ok() ? api_->Adopt(*adopt) : ApiError(adopt.status());
    }
    case Call::kTakeMessages:
      return TakeMessages(route, request, body);
    default:
      break;
  }
  if (absl::Status status = ReadEmptyRequest(body); !status.ok()) return ApiError(status);
  if (route.call == Call::kCancelSync) return api_->CancelSync();
  return api_->RetryDeadLetter(route.argument);
}

ApiAnswer ApiServerImpl::TakeMessages(const Route& route, const HttpRequest& request,
                                      const std::string& body) {
  const absl::StatusOr<std::vector<std::string>> messages =
      ReadMessages(body, MediaType(request) == kNdjson);
  return messages.ok() ? api_->TakeMessages(route.argument, *messages)
                       : ApiError(messages.status());
}

HttpResponse ApiServerImpl::ProtocolError(int status) {
  switch (status) {
    case 408:
      return Json(ApiError(408, "too_slow", "the request did not arrive in time"));
    case 413:
      return Json(ApiError(
          413, "too_large",
          absl::StrFormat("the body is too large; expected at most %d bytes", body_bytes_max_)));
    case 414:
    case 431:
      return Json(ApiError(status, "too_large", "the address or the headers are too long"));
    case 500:
      return Json(ApiError(500, "failed", "the call failed inside of the daemon"));
    case 501:
      return Json(ApiError(501, "not_implemented", "expected no Transfer-Encoding but chunked"));
    default:
      return Json(
          ApiError(status, "invalid", "this is no HTTP/1.1 request that can be understood"));
  }
}

void ApiServerImpl::Count(const HttpRequest& request, int status) {
  const Route route = Find(request);
  metrics_.Count(route.name.empty() ? "other" : route.name,
                 request.method.empty() ? "other" : request.method, status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(const ApiServerOptions& options,
                                                            Api* api) {
  if (absl::Status status = CheckBasePath(options.base_path); !status.ok()) return status;
  if (absl::Status status = CheckToken(options.token); !status.ok()) return status;
  absl::StatusOr<HostPort> listen = ParseHostPort(options.listen);
  if (!listen.ok()) return listen.status();
  absl::StatusOr<std::unique_ptr<Connections>> connections =
      Connections::Listen(*listen, /*loopback_only=*/!options.token.has_value());
  if (!connections.ok()) return connections.status();
  listen->port = (*connections)->port();
  return std::make_unique<ApiServerImpl>(options, api, listen->ToString(), std::move(*connections));
}

}  // namespace syncd
