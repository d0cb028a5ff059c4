#include "tools/labyrinth/settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "client/transfer/output_folder.h"
#include "client/transfer/text.h"

namespace labyrinth::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMostDays = 36'500;
constexpr char kName[] = "client.json", kFormat[] = "labyrinth-client/1";

struct Entry {
  const char* key;
  std::string Settings::*value;
};
constexpr Entry kEntries[] = {{"endpoint", &Settings::endpoint},
                              {"ca_file", &Settings::ca_file},
                              {"server_name", &Settings::server_name},
                              {"account", &Settings::account},
                              {"token_file", &Settings::token_file}};

// As the settings of before these stood in them have it: left at their defaults where they are missing.
struct DaysEntry {
  const char* key;
  int64_t Settings::*value;
};
constexpr DaysEntry kDaysEntries[] = {{"rotate_after_days", &Settings::rotate_after_days},
                                      {"rotate_away_days", &Settings::rotate_away_days}};

absl::Status Damaged(const std::string& profile) {
  return absl::FailedPreconditionError(
      fmt::format("{}/{}: damaged, or of a newer version", client::Printable(profile), kName));
}

}  // namespace

absl::StatusOr<std::optional<Settings>> LoadSettings(const std::string& profile) {
  absl::StatusOr<client::OutputFolder> folder = client::OutputFolder::OpenExisting(profile);
  if (absl::IsNotFound(folder.status())) return std::nullopt;
  if (!folder.ok()) return folder.status();
  std::string text;
  absl::StatusOr<bool> found = folder->Read(kName, [&text](std::string_view piece) { text += piece; });
  if (!found.ok()) return found.status();
  if (!*found) return std::nullopt;
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("format") || json["format"] != kFormat) return Damaged(profile);
  Settings settings;
  for (const Entry& entry : kEntries) {
    const auto it = json.find(entry.key);
    if (it == json.end() || !it->is_string()) return Damaged(profile);
    settings.*entry.value = it->get<std::string>();
  }
  for (const DaysEntry& entry : kDaysEntries) {
    const auto it = json.find(entry.key);
    if (it == json.end()) continue;
    if (!it->is_number_unsigned() || it->get<uint64_t>() > kMostDays) return Damaged(profile);
    settings.*entry.value = it->get<int64_t>();
  }
  const auto dev = json.find("dev");
  settings.dev = dev != json.end() && dev->is_boolean() && dev->get<bool>();
  return settings;
}

absl::Status SaveSettings(const std::string& profile, const Settings& settings) {
  Json json = {{"format", kFormat}};
  for (const Entry& entry : kEntries) json[entry.key] = settings.*entry.value;
  for (const DaysEntry& entry : kDaysEntries) json[entry.key] = settings.*entry.value;
  json["dev"] = settings.dev;
  absl::StatusOr<client::OutputFolder> folder = client::OutputFolder::OpenExisting(profile);
  if (!folder.ok()) return folder.status();
  absl::StatusOr<client::OutputFile> file = folder->Create(kName);
  if (!file.ok()) return file.status();
  // The user's own strings may be anything, so they are made UTF-8 rather than refused.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (absl::Status s = file->Write(text); !s.ok()) return s;
  if (absl::Status s = file->Commit(); !s.ok()) return s;
  return folder->Sync();
}

}  // namespace labyrinth::cli
