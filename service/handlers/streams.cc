#include "service/handlers/streams.h"

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {

namespace {

constexpr int64_t kRetryMs = 1000;

template <typename Index>
void RemoveFrom(Index& index, const std::string& key, const LiveStream* stream) {
  const auto list = index.find(key);
  if (list == index.end()) return;
  std::erase_if(list->second, [&](const auto& held) { return held.get() == stream; });
  if (list->second.empty()) index.erase(list);
}

}  // namespace

absl::Status Streams::Add(std::shared_ptr<LiveStream> stream, std::string caller, std::string topic) {
  std::shared_ptr<LiveStream> replaced;
  {
    const absl::MutexLock lock(&mutex_);
    if (draining_) return errors::Draining();
    if (entries_.size() >= limit_) return errors::RateLimited(limit_name_, kRetryMs);
    if (!caller.empty()) {
      List& of_caller = callers_[caller];
      if (of_caller.size() >= 2 * limits::kStreamsPerCaller) return errors::RateLimited("streams_per_caller", kRetryMs);
      of_caller.push_back(stream);
      const std::size_t count = of_caller.size();
      if (count > limits::kStreamsPerCaller) replaced = of_caller[count - 1 - limits::kStreamsPerCaller];
    }
    if (!topic.empty()) topics_[topic].push_back(stream);
    const LiveStream* key = stream.get();
    entries_[key] = {std::move(stream), std::move(caller), std::move(topic)};
  }
  if (replaced != nullptr) replaced->Stop(errors::RateLimited("streams_per_caller", kRetryMs));
  return absl::OkStatus();
}

void Streams::Remove(const LiveStream* stream) {
  std::shared_ptr<LiveStream> last;  // it ends without the lock
  const absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(stream);
  if (it == entries_.end()) return;
  Entry entry = std::move(it->second);
  entries_.erase(it);
  RemoveFrom(callers_, entry.caller, stream);
  RemoveFrom(topics_, entry.topic, stream);
  last = std::move(entry.stream);
}

bool Streams::HasTopic(const std::string& topic) const {
  const absl::MutexLock lock(&mutex_);
  return topics_.contains(topic);
}

void Streams::Wake(const std::string& topic, bool recheck) {
  List woken;
  {
    const absl::MutexLock lock(&mutex_);
    const auto list = topics_.find(topic);
    if (list != topics_.end()) woken = list->second;
  }
  for (const auto& stream : woken) stream->Kick(recheck);
}

Streams::List Streams::All() const {
  const absl::MutexLock lock(&mutex_);
  List all;
  all.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) all.push_back(entry.stream);
  return all;
}

void Streams::Tick() {
  for (const auto& stream : All()) stream->Tick();
}

void Streams::Drain() {
  {
    const absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  for (const auto& stream : All()) stream->Stop(errors::Draining());
}

void Streams::Undrain() {
  const absl::MutexLock lock(&mutex_);
  draining_ = false;
}

std::size_t Streams::size() const {
  const absl::MutexLock lock(&mutex_);
  return entries_.size();
}

}  // namespace labyrinth::service
