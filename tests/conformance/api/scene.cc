#include "tests/conformance/api/scene.h"

#include "common/bytes.h"

namespace labyrinth::conformance {

std::string FreshAccount() { return "conformance-" + ToHex(Deployment().server.random().Bytes(12)); }

v1::Message MakeMessage(const std::string& id, const std::string& thread, int64_t timestamp_ms,
                        const std::string& ciphertext, int64_t expire_ms) {
  v1::Message message;
  message.set_message_id(id);
  message.set_thread_id(thread);
  message.set_timestamp_ms(timestamp_ms);
  message.set_ciphertext(ciphertext);
  message.set_expire_ms(expire_ms);
  return message;
}

v1::SaveMessagesRequest Scene::Saving(const std::vector<v1::Message>& messages, v1::OnConflict on_conflict) const {
  v1::SaveMessagesRequest request;
  request.set_epoch_id(old->epoch_id.value());
  request.set_cipher_version(3);
  request.set_on_conflict(on_conflict);
  *request.mutable_messages() = {messages.begin(), messages.end()};
  return request;
}

uint64_t Scene::MustSave(const std::vector<v1::Message>& messages) const {
  const auto saved = Me().Must(&History::SaveMessages, Saving(messages));
  REQUIRE(saved.results_size() == static_cast<int>(messages.size()));
  for (const v1::SaveResult& result : saved.results()) CHECK(result.outcome() == v1::SAVE_OUTCOME_CREATED);
  return saved.revision();
}

uint32_t Scene::MustDelete(const Ids& ids) const {
  v1::DeleteMessagesRequest request;
  *request.mutable_message_ids() = {ids.begin(), ids.end()};
  return Me().Must(&History::DeleteMessages, request).deleted_count();
}

Ids Scene::Walk(v1::ListMessagesRequest request, const std::vector<int>& page_sizes,
                const std::function<void(const v1::ListMessagesResponse&)>& between) const {
  Ids ids;
  for (std::size_t page = 0;; ++page) {
    REQUIRE(page < 1000);
    const int size = page_sizes[page % page_sizes.size()];
    request.set_page_size(size);
    const auto response = Me().Must(&History::ListMessages, request);
    CHECK(response.messages_size() <= size);
    for (std::string& id : IdsOf(response.messages())) ids.push_back(std::move(id));
    if (response.next_page_token().empty()) return ids;
    request.set_page_token(response.next_page_token());
    if (between) between(response);
  }
}

std::vector<v1::Change> Scene::ChangesSince(v1::Cursor since, int32_t max_changes, bool include_messages) const {
  std::vector<v1::Change> changes;
  for (;;) {
    v1::ListChangesRequest request;
    *request.mutable_since() = since;
    request.set_max_changes(max_changes);
    request.set_include_messages(include_messages);
    const auto page = Me().Must(&History::ListChanges, request);
    CHECK(page.changes_size() <= max_changes);
    changes.insert(changes.end(), page.changes().begin(), page.changes().end());
    since = page.next();
    if (page.next().revision() == page.head().revision()) return changes;
  }
}

void Scene::Advance(Hands& hands, int64_t ms) {
  hands.Advance(ms);
  old->token = token = api.Token(account);
  session = old->SignIn();
}

}  // namespace labyrinth::conformance
