// A server for the client's tests: honest until a hook makes it lie.
#ifndef LABYRINTH_CLIENT_TESTING_FAKE_SERVER_H_
#define LABYRINTH_CLIENT_TESTING_FAKE_SERVER_H_

#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "crypto/statements/log_entry.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::client::testing {

inline constexpr char kServerName[] = "labyrinth.test";

// What one mailbox's server holds. Tests reach in to tamper with it.
struct FakeStore {
  struct Device {
    v1::Device row;
    std::string virtual_device_id;  // virtual devices alone
    v1::VirtualDeviceSecrets secrets;
    uint64_t epoch_id = 0;
  };
  bool exists = false;
  bool rotation_required = false;
  std::string mailbox_id;
  std::vector<v1::LogEntry> log;
  std::vector<crypto::LogHead> heads;
  std::map<uint64_t, Device> devices;
  std::vector<v1::Epoch> epochs;
  std::vector<v1::Message> messages;  // in the order of saving
  uint64_t generation = 1;
  uint64_t revision = 1;
  std::vector<v1::Change> feed;                     // ascending; without entries that later ones superseded
  uint64_t feed_tail = 0;                           // cursors before it are too old
  std::vector<v1::AttachmentPoint> deleted_points;  // that deletes named
  std::set<std::string> deleted;                    // tombstones, expired ones included
  std::map<std::string, std::string> answers;       // by request id

  v1::Epoch& epoch() { return epochs.back(); }
  // One commit of these entries: raises the revision, and the feed forgets what they supersede.
  void Commit(std::vector<v1::ChangeEntry> entries);
  bool RemoveMessage(const std::string& message_id);
  // As the server's own clock does: one commit.
  void Expire(int64_t now_ms);
  // From a backup, taken of this store at an earlier time.
  void Restore(const FakeStore& backup);
};

// Serves one account's mailbox over gRPC inside the process. Keeps the API's compare-and-swaps and request ids;
// verifies the session statement but no other signature; pages are small so that walks have several. Thread-safe; hooks
// are set between calls.
class FakeServer final : public v1::MailboxService::Service,
                         public v1::DeviceService::Service,
                         public v1::EpochService::Service,
                         public v1::HistoryService::Service {
 public:
  // `more`, which outlives this, is served beside it; `listen`: on a free port of the loopback as well.
  explicit FakeServer(std::string account_id, grpc::Service* more = nullptr, bool listen = false);
  ~FakeServer() override;

  std::shared_ptr<grpc::Channel> Channel();
  // For programs of their own.
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

  FakeStore store;
  std::map<std::string, int> calls;  // by method name
  int page_size = 3;
  int rows_passed = 1000;      // by one response of a download, vanished ones included
  int inline_messages = 1000;  // that one response of the feed has room for

  // Asked before a method does anything, by its name; an error is the answer. Asked again as "after:NAME" once the call
  // took effect: an error is what the client hears instead of the reply. Streams ask "NAME:write" before each response.
  std::function<absl::Status(const std::string& method)> before;

  // Each may change a reply before it is sent.
  std::function<void(v1::CreateSessionResponse&)> on_session;
  std::function<void(const v1::ListLogRequest&, v1::ListLogResponse&)> on_list_log;
  std::function<void(const v1::ListEpochsRequest&, v1::ListEpochsResponse&)> on_list_epochs;
  std::function<void(v1::ListDevicesResponse&)> on_list_devices;
  std::function<void(const v1::ListMessagesRequest&, v1::ListMessagesResponse&)> on_list_messages;
  std::function<void(v1::ListThreadsResponse&)> on_list_threads;
  std::function<void(v1::BatchGetMessagesResponse&)> on_batch_get;
  std::function<void(v1::SaveMessagesResponse&)> on_save;
  std::function<void(v1::GetVirtualDeviceResponse&)> on_virtual_device;
  std::function<void(v1::GetMailboxResponse&)> on_mailbox;
  std::function<void(v1::ListChangesResponse&)> on_list_changes;
  std::function<void(v1::DownloadHistoryResponse&)> on_download;

  // For changing the store while calls run.
  void Locked(const std::function<void(FakeStore&)>& change);

 private:
  grpc::Status CreateChallenge(grpc::ServerContext*, const v1::CreateChallengeRequest*,
                               v1::CreateChallengeResponse*) override;
  grpc::Status CreateSession(grpc::ServerContext*, const v1::CreateSessionRequest*,
                             v1::CreateSessionResponse*) override;
  grpc::Status CreateMailbox(grpc::ServerContext*, const v1::CreateMailboxRequest*,
                             v1::CreateMailboxResponse*) override;
  grpc::Status GetMailbox(grpc::ServerContext*, const v1::GetMailboxRequest*, v1::GetMailboxResponse*) override;
  grpc::Status DeleteMailbox(grpc::ServerContext*, const v1::DeleteMailboxRequest*,
                             v1::DeleteMailboxResponse*) override;
  grpc::Status ListLog(grpc::ServerContext*, const v1::ListLogRequest*, v1::ListLogResponse*) override;
  grpc::Status ListDevices(grpc::ServerContext*, const v1::ListDevicesRequest*, v1::ListDevicesResponse*) override;
  grpc::Status RegisterDevice(grpc::ServerContext*, const v1::RegisterDeviceRequest*,
                              v1::RegisterDeviceResponse*) override;
  grpc::Status CreateVirtualDevice(grpc::ServerContext*, const v1::CreateVirtualDeviceRequest*,
                                   v1::CreateVirtualDeviceResponse*) override;
  grpc::Status GetVirtualDevice(grpc::ServerContext*, const v1::GetVirtualDeviceRequest*,
                                v1::GetVirtualDeviceResponse*) override;
  grpc::Status ListVirtualDeviceChecks(grpc::ServerContext*, const v1::ListVirtualDeviceChecksRequest*,
                                       v1::ListVirtualDeviceChecksResponse*) override;
  grpc::Status RevokeDevice(grpc::ServerContext*, const v1::RevokeDeviceRequest*, v1::RevokeDeviceResponse*) override;
  grpc::Status OpenEpoch(grpc::ServerContext*, const v1::OpenEpochRequest*, v1::OpenEpochResponse*) override;
  grpc::Status ListEpochs(grpc::ServerContext*, const v1::ListEpochsRequest*, v1::ListEpochsResponse*) override;
  grpc::Status SaveMessages(grpc::ServerContext*, const v1::SaveMessagesRequest*, v1::SaveMessagesResponse*) override;
  grpc::Status BatchGetMessages(grpc::ServerContext*, const v1::BatchGetMessagesRequest*,
                                v1::BatchGetMessagesResponse*) override;
  grpc::Status ListMessages(grpc::ServerContext*, const v1::ListMessagesRequest*, v1::ListMessagesResponse*) override;
  grpc::Status ListThreads(grpc::ServerContext*, const v1::ListThreadsRequest*, v1::ListThreadsResponse*) override;
  grpc::Status DeleteMessages(grpc::ServerContext*, const v1::DeleteMessagesRequest*,
                              v1::DeleteMessagesResponse*) override;
  grpc::Status DownloadHistory(grpc::ServerContext*, const v1::DownloadHistoryRequest*,
                               grpc::ServerWriter<v1::DownloadHistoryResponse>*) override;
  grpc::Status ListChanges(grpc::ServerContext*, const v1::ListChangesRequest*, v1::ListChangesResponse*) override;
  grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest*, grpc::ServerWriter<v1::WatchResponse>*) override;

  // Counts the call, asks `before`, runs `body` under the lock, then asks `before` for "after:NAME".
  grpc::Status Serve(const char* method, const std::function<absl::Status()>& body);
  // The device of the call's session.
  absl::StatusOr<uint64_t> Caller(grpc::ServerContext* context);
  absl::Status AppendLog(const v1::LogEntry& entry);
  absl::Status CheckEpoch(uint64_t epoch_id);
  uint64_t AddDevice(FakeStore::Device device, v1::DeviceKind kind, const v1::DeviceKeys& keys,
                     const std::string& epoch_device_mac);
  template <typename Response>
  bool Answered(const std::string& request_id, Response* response);
  template <typename Response>
  void Remember(const std::string& request_id, const Response& response, std::vector<v1::ChangeEntry> entries = {});
  absl::Status Changes(const v1::Cursor& since, bool include_messages, int max_changes, v1::ListChangesResponse* out);
  absl::Status NextOfDownload(const v1::DownloadHistoryRequest& request, v1::DownloadHistoryResponse* out);
  std::vector<v1::Message> InOrder(const v1::ListMessagesRequest& request) const;

  const std::string account_id_;
  absl::Mutex mutex_;
  uint64_t next_id_ = 1000;
  std::map<std::string, uint64_t> challenges_;
  std::map<std::string, uint64_t> sessions_;
  struct Download {
    std::vector<v1::Message> rows;
    uint64_t generation = 0;
    uint64_t revision = 0;
  };
  std::vector<Download> downloads_;
  bool stopping_ = false;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_TESTING_FAKE_SERVER_H_
