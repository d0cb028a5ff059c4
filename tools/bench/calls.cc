#include "tools/bench/calls.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/rpc_status.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/device.h"

namespace labyrinth::bench {
namespace {

constexpr std::chrono::seconds kCallTimeout{30};
constexpr int kIdsPerGet = 100;
constexpr int kChangesPerPage = 50;

using Stub = v1::HistoryService::Stub;

template <typename Request, typename Response>
class UnarySlot final : public Slot {
 public:
  using Invoke = void (*)(Stub&, grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>);
  // Fills in the next request, and looks at its answer. `n` counts the slot's calls.
  using Fill = std::function<void(uint64_t n, Request&)>;
  using Check = std::function<absl::Status(const Request&, const Response&)>;

  UnarySlot(std::shared_ptr<grpc::Channel> channel, const std::string& session, Invoke invoke, Fill fill, Check check)
      : stub_(v1::HistoryService::NewStub(std::move(channel))),
        session_(session),
        invoke_(invoke),
        fill_(std::move(fill)),
        check_(std::move(check)) {}

  void Start(Done done) override {
    done_ = std::move(done);
    fill_(calls_++, request_);
    response_.Clear();
    context_.emplace();
    context_->set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    if (!session_.empty()) context_->AddMetadata(kSessionHeader, session_);
    invoke_(*stub_, &*context_, &request_, &response_, [this](const grpc::Status& status) { Ended(status); });
  }

 private:
  void Ended(const grpc::Status& status) {
    // Done may start the next call of this slot.
    Done done = std::move(done_);
    done(status.ok() ? check_(request_, response_) : FromGrpc(status));
  }

  const std::unique_ptr<Stub> stub_;
  const std::string session_;
  const Invoke invoke_;
  const Fill fill_;
  const Check check_;
  uint64_t calls_ = 0;
  std::optional<grpc::ClientContext> context_;
  Request request_;
  Response response_;
  Done done_;
};

using SaveSlot = UnarySlot<v1::SaveMessagesRequest, v1::SaveMessagesResponse>;
using PageSlot = UnarySlot<v1::ListMessagesRequest, v1::ListMessagesResponse>;
using GetSlot = UnarySlot<v1::BatchGetMessagesRequest, v1::BatchGetMessagesResponse>;
using ChangesSlot = UnarySlot<v1::ListChangesRequest, v1::ListChangesResponse>;

// One slot after the other, each with its channel and mailbox.
template <typename Make>
Slots MakeSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, Make make) {
  Slots slots;
  for (std::size_t i = 0; i < static_cast<std::size_t>(in_flight); ++i) {
    slots.push_back(make(channels[i % channels.size()], *mailboxes[i % mailboxes.size()], Mix(i)));
  }
  return slots;
}

absl::Status CheckPage(const v1::ListMessagesResponse& page, const LoadMailbox& mailbox, int page_size,
                       uint64_t random) {
  if (page.messages_size() != page_size) {
    return absl::DataLossError(fmt::format("a wrong answer: {} messages, not {}", page.messages_size(), page_size));
  }
  for (int i = 1; i < page_size; ++i) {
    if (page.messages(i - 1).timestamp_ms() <= page.messages(i).timestamp_ms()) {
      return absl::DataLossError("a wrong answer: not the newest first");
    }
  }
  return mailbox.payload.Check(page.messages(static_cast<int>(random % static_cast<uint64_t>(page_size))),
                               mailbox.threads);
}

}  // namespace

Slots SaveSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, int batch) {
  return MakeSlots(channels, mailboxes, in_flight, [batch](const auto& channel, LoadMailbox& mailbox, uint64_t) {
    return std::make_unique<SaveSlot>(
        channel, mailbox.session,
        [](Stub& stub, grpc::ClientContext* context, const v1::SaveMessagesRequest* request,
           v1::SaveMessagesResponse* response,
           std::function<void(grpc::Status)> done) { stub.async()->SaveMessages(context, request, response, done); },
        [&mailbox, batch](uint64_t, v1::SaveMessagesRequest& request) {
          request.set_epoch_id(mailbox.epoch_id);
          request.set_cipher_version(kCipherVersion);
          request.set_on_conflict(v1::ON_CONFLICT_REJECT);
          const uint64_t first = mailbox.Take(static_cast<uint64_t>(batch));
          for (int i = 0; i < batch; ++i) {
            auto* message = i < request.messages_size() ? request.mutable_messages(i) : request.add_messages();
            mailbox.payload.Fill(first + static_cast<uint64_t>(i), mailbox.threads, *message);
          }
        },
        [batch](const v1::SaveMessagesRequest&, const v1::SaveMessagesResponse& response) {
          bool good = response.revision() != 0 && response.results_size() == batch;
          for (const auto& result : response.results()) good = good && result.outcome() == v1::SAVE_OUTCOME_CREATED;
          return good ? absl::OkStatus() : absl::DataLossError("a wrong answer: not all were created");
        });
  });
}

Slots PageSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, PageOf page, int page_size,
                uint64_t saved) {
  return MakeSlots(channels, mailboxes, in_flight, [=](const auto& channel, LoadMailbox& mailbox, uint64_t seed) {
    return std::make_unique<PageSlot>(
        channel, mailbox.session,
        [](Stub& stub, grpc::ClientContext* context, const v1::ListMessagesRequest* request,
           v1::ListMessagesResponse* response,
           std::function<void(grpc::Status)> done) { stub.async()->ListMessages(context, request, response, done); },
        [=, &mailbox](uint64_t n, v1::ListMessagesRequest& request) {
          const uint64_t random = Mix(seed ^ n);
          request.set_page_size(page_size);
          if (page == PageOf::kNewestOfMailbox) return;
          request.set_thread_id(mailbox.payload.ThreadId(random % mailbox.threads));
          if (page != PageOf::kAnywhereInThread) return;
          // So that a whole page lies before it.
          const uint64_t least = (static_cast<uint64_t>(page_size) + 1) * mailbox.threads;
          request.set_end_ms(Payload::TimestampMs(least + Mix(random) % (saved - least)));
        },
        [=, &mailbox](const v1::ListMessagesRequest& request, const v1::ListMessagesResponse& response) {
          const auto random = static_cast<uint64_t>(response.as_of().revision() + request.ByteSizeLong());
          absl::Status status = CheckPage(response, mailbox, page_size, random);
          if (!status.ok() || page == PageOf::kNewestOfMailbox) return status;
          const int64_t newest_ms = response.messages(0).timestamp_ms();
          if (response.messages(0).thread_id() != request.thread_id() ||
              (page == PageOf::kAnywhereInThread && newest_ms >= request.end_ms())) {
            return absl::DataLossError("a wrong answer: another page");
          }
          return absl::OkStatus();
        });
  });
}

Slots GetSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, uint64_t saved) {
  return MakeSlots(channels, mailboxes, in_flight, [=](const auto& channel, LoadMailbox& mailbox, uint64_t seed) {
    return std::make_unique<GetSlot>(
        channel, mailbox.session,
        [](Stub& stub, grpc::ClientContext* context, const v1::BatchGetMessagesRequest* request,
           v1::BatchGetMessagesResponse* response, std::function<void(grpc::Status)> done) {
          stub.async()->BatchGetMessages(context, request, response, done);
        },
        [=, &mailbox](uint64_t n, v1::BatchGetMessagesRequest& request) {
          request.clear_message_ids();
          // Not at one another's distance, or an id might come twice.
          const uint64_t step = saved / kIdsPerGet, first = Mix(seed ^ n) % step;
          for (uint64_t i = 0; i < kIdsPerGet; ++i)
            request.add_message_ids(mailbox.payload.MessageId(first + i * step));
        },
        [&mailbox](const v1::BatchGetMessagesRequest& request, const v1::BatchGetMessagesResponse& response) {
          if (response.messages_size() != request.message_ids_size()) {
            return absl::DataLossError("a wrong answer: messages are missing");
          }
          const int last = response.messages_size() - 1;
          if (response.messages(last).message_id() != request.message_ids(last)) {
            return absl::DataLossError("a wrong answer: another message");
          }
          return mailbox.payload.Check(response.messages(last), mailbox.threads);
        });
  });
}

Slots ChangesSlots(const Channels& channels, LoadMailbox& mailbox, int in_flight, const v1::Cursor& head,
                   uint64_t commits) {
  return MakeSlots(channels, {&mailbox}, in_flight, [=](const auto& channel, LoadMailbox& from, uint64_t seed) {
    return std::make_unique<ChangesSlot>(
        channel, from.session,
        [](Stub& stub, grpc::ClientContext* context, const v1::ListChangesRequest* request,
           v1::ListChangesResponse* response,
           std::function<void(grpc::Status)> done) { stub.async()->ListChanges(context, request, response, done); },
        [=](uint64_t n, v1::ListChangesRequest& request) {
          request.set_include_messages(true);
          request.set_max_changes(kChangesPerPage);
          *request.mutable_since() = head;
          request.mutable_since()->set_revision(head.revision() - kChangesPerPage -
                                                Mix(seed ^ n) % (commits - kChangesPerPage));
        },
        [&from](const v1::ListChangesRequest& request, const v1::ListChangesResponse& response) {
          if (response.changes_size() != kChangesPerPage ||
              response.changes(0).revision() != request.since().revision() + 1) {
            return absl::DataLossError("a wrong answer: other changes");
          }
          for (const v1::Change& change : response.changes()) {
            if (change.entries_size() != 1 || !change.entries(0).has_message()) {
              return absl::DataLossError("a wrong answer: a change without its message");
            }
          }
          const int which = static_cast<int>(request.since().revision() % kChangesPerPage);
          return from.payload.Check(response.changes(which).entries(0).message(), from.threads);
        });
  });
}

absl::StatusOr<double> Download(v1::HistoryService::Stub& stub, const LoadMailbox& mailbox, uint64_t count,
                                uint64_t total) {
  using Clock = std::chrono::steady_clock;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  context.AddMetadata(kSessionHeader, mailbox.session);
  const auto start = Clock::now();
  const auto reader = stub.DownloadHistory(&context, {});
  v1::DownloadHistoryResponse part;
  uint64_t received = 0;
  while (received < count && reader->Read(&part)) {
    received += static_cast<uint64_t>(part.messages_size());
    if (part.total_count() != total || part.done_count() != received) {
      return absl::DataLossError("a wrong answer: a download's sums");
    }
    if (part.messages_size() == 0) continue;
    const int which = static_cast<int>(Mix(received) % static_cast<uint64_t>(part.messages_size()));
    if (absl::Status status = mailbox.payload.Check(part.messages(which), mailbox.threads); !status.ok()) return status;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const bool whole = received >= count;
  if (whole) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!whole) return status.ok() ? absl::DataLossError("a wrong answer: a download too short") : FromGrpc(status);
  return static_cast<double>(received) / seconds;
}

}  // namespace labyrinth::bench
