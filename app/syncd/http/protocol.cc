#include "syncd/http/protocol.h"

#include <absl/strings/ascii.h>
#include <httplib.h>
#include <poll.h>

#include <algorithm>

#include "syncd/http/socket_stream.h"

namespace syncd {
namespace {

// The request line and all headers. httplib itself bounds single lines, not their number.
constexpr size_t kHeadBytesMax = 32 * 1024;
// Requests on one connection.
constexpr int kRequestsMax = 1000;

// What the handlers of httplib must know of the request that their thread serves.
struct Exchange {
  SocketStream* stream = nullptr;
  int stop = -1;
  HttpRequest request;
  bool understood = false;  // the head was
  bool last = false;        // the connection ends with it
};
thread_local Exchange* current = nullptr;

bool IsReadable(int descriptor) {
  pollfd one{descriptor, POLLIN, 0};
  return poll(&one, 1, 0) > 0;
}

HttpRequest Plain(const httplib::Request& from) {
  HttpRequest request{from.method, from.path, ""};
  const size_t query = from.target.find('?');
  if (query != std::string::npos) request.query = from.target.substr(query + 1);
  for (const auto& [name, value] : from.headers) {
    request.headers.emplace(absl::AsciiStrToLower(name), value);
  }
  const std::optional<std::string_view> length = request.Header("content-length");
  // "0" and "000" are nothing; what is no number counts as a body and is refused later.
  const bool empty = !length || length->find_first_not_of('0') == std::string_view::npos;
  request.has_body = request.Header("transfer-encoding").has_value() || !empty;
  return request;
}

// What httplib would understand in another way than a proxy before it, or not at all: 0, or the
// status of the refusal.
int BadFraming(const HttpRequest& request) {
  const auto length = request.Header("content-length");
  const auto encoding = request.Header("transfer-encoding");
  if (request.headers.count("content-length") > 1 ||
      request.headers.count("transfer-encoding") > 1 || request.headers.count("host") > 1 ||
      (length && encoding)) {
    return 400;
  }
  if (encoding && absl::AsciiStrToLower(std::string(*encoding)) != "chunked") return 501;
  if (length && (length->empty() || length->size() > 18 ||
                 length->find_first_not_of("0123456789") != std::string_view::npos)) {
    return 400;
  }
  return 0;
}

void Fill(const HttpResponse& from, httplib::Response* to) {
  to->status = from.status;
  to->headers.erase("Content-Type");
  to->set_content(from.body, from.content_type);
  for (const auto& [name, value] : from.headers) to->set_header(name, value);
}

}  // namespace

std::optional<std::string_view> HttpRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

class Protocol::Impl : public httplib::Server {
 public:
  Impl(const ProtocolLimits& limits, HttpHandler* handler) : limits_(limits), handler_(handler) {
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& response) {
      return Begin(&response) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
    });
    set_expect_100_continue_handler([this](const httplib::Request&, httplib::Response& response) {
      return Refuse(&response) ? response.status : 100;
    });
    Post(".*", [this](const httplib::Request&, httplib::Response& response,
                      const httplib::ContentReader& read) { ReadAndAnswer(read, &response); });
    set_error_handler([this](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) Fill(handler_->ProtocolError(Cause(response.status)), &response);
    });
    set_exception_handler(
        [this](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
          current->last = true;
          Fill(handler_->ProtocolError(500), &response);
        });
    set_post_routing_handler(
        [this](const httplib::Request&, httplib::Response& response) { Finish(&response); });
  }

  // One request. Whether another may follow.
  bool One(Exchange* exchange) {
    current = exchange;
    bool closed = false;
    bool answered = false;
    try {
      answered = process_request(*exchange->stream, false, closed,
                                 [this](httplib::Request& request) { Understood(&request); });
    } catch (...) {
      // Nothing can be said of it to anyone: there may be half an answer on its way.
    }
    current = nullptr;
    return answered && !closed && exchange->understood && !exchange->last;
  }

  const ProtocolLimits& limits() const { return limits_; }

 private:
  void Understood(httplib::Request* request) {
    current->request = Plain(*request);
    current->understood = true;
    // Ranges of an answer are of no use here, and many of them make httplib build a huge one;
    // compressing is not worth its time on a local connection.
    request->ranges.clear();
    request->headers.erase("Range");
    request->headers.erase("Accept-Encoding");
    // Twice, since chunks have their own frames; the body itself is counted when it is read.
    current->stream->LimitReading(2 * limits_.body_bytes_max + kHeadBytesMax, limits_.body_timeout);
  }

  // Answers what can be answered without the body.
  bool Begin(httplib::Response* response) {
    if (Refuse(response)) return true;
    if (current->request.method == "POST") return false;
    // No other method has a body here; one that comes all the same stays unread.
    current->last = current->last || current->request.has_body;
    Fill(handler_->Answer(current->request, ""), response);
    return true;
  }

  bool Refuse(httplib::Response* response) {
    const HttpRequest& request = current->request;
    if (const int status = BadFraming(request); status != 0) {
      current->last = true;
      Fill(handler_->ProtocolError(status), response);
      return true;
    }
    std::optional<HttpResponse> refusal = handler_->Refuse(request);
    const auto length = request.Header("content-length");
    if (!refusal && length && std::stoull(std::string(*length)) > limits_.body_bytes_max) {
      refusal = handler_->ProtocolError(413);
    }
    if (!refusal) return false;
    // What follows on this connection is the body that nobody reads.
    current->last = current->last || request.has_body;
    Fill(*refusal, response);
    return true;
  }

  void ReadAndAnswer(const httplib::ContentReader& read, httplib::Response* response) {
    std::string body;
    bool too_large = false;
    // Without a length httplib would read until the client hangs up.
    const bool complete = !current->request.has_body || read([&](const char* data, size_t size) {
      too_large = body.size() + size > limits_.body_bytes_max;
      if (!too_large) body.append(data, size);
      return !too_large;
    });
    if (complete) {
      Fill(handler_->Answer(current->request, body), response);
      return;
    }
    current->last = true;
    too_large = too_large || current->stream->too_large();
    const int status = too_large ? 413 : current->stream->too_slow() ? 408 : 400;
    Fill(handler_->ProtocolError(status), response);
  }

  // What httplib calls by one status.
  int Cause(int status) const {
    if (current->understood) return status;
    if (current->stream->too_large()) return 431;
    if (current->stream->too_slow()) return 408;
    return status;
  }

  void Finish(httplib::Response* response) {
    current->last = current->last || !current->understood || IsReadable(current->stop);
    response->headers.erase("Keep-Alive");
    if (current->last) {
      response->headers.erase("Connection");
      response->set_header("Connection", "close");
    }
    response->headers.erase("Accept-Ranges");
    response->set_header("Cache-Control", "no-store");
    response->set_header("X-Content-Type-Options", "nosniff");
    current->stream->LimitWriting(limits_.write_timeout);
    handler_->Count(current->request, response->status);
  }

  const ProtocolLimits limits_;
  HttpHandler* const handler_;
};

Protocol::Protocol(const ProtocolLimits& limits, HttpHandler* handler)
    : impl_(std::make_unique<Impl>(limits, handler)) {}
Protocol::~Protocol() = default;

void Protocol::Serve(int socket, const ConnectionSignals& signals) {
  const ProtocolLimits& limits = impl_->limits();
  SocketStream stream(socket, signals.stop);
  // A new connection has the time of a head; one that idles makes room for those that wait.
  bool next = stream.WaitForRequest(limits.head_timeout, -1);
  for (int count = 0; next; ++count) {
    Exchange exchange{.stream = &stream, .stop = signals.stop, .last = count + 1 >= kRequestsMax};
    stream.LimitReading(kHeadBytesMax, limits.head_timeout);
    stream.LimitWriting(limits.write_timeout);
    next = impl_->One(&exchange);
    if (!next && (!exchange.understood || exchange.request.has_body)) stream.Linger();
    next = next && stream.WaitForRequest(limits.idle_timeout, signals.crowded);
  }
}

}  // namespace syncd
