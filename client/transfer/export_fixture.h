// Makes small exports for tests: folders and zip archives below the test's own temporary folder.
#ifndef LABYRINTH_CLIENT_TRANSFER_EXPORT_FIXTURE_H_
#define LABYRINTH_CLIENT_TRANSFER_EXPORT_FIXTURE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace labyrinth::client {

// A fresh folder, removed with its content at the end. Ends the test if it can't be made.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

using NamedFiles = std::vector<std::pair<std::string, std::string>>;

// Writes `bytes` to `path`, making its folders.
void WriteFile(const std::string& path, const std::string& bytes);
std::string ReadFile(const std::string& path);

// The files below `root`, as "relative/name" -> bytes.
std::map<std::string, std::string> ReadTree(const std::string& root);

// A zip archive with these entries, names taken as they are.
void WriteZip(const std::string& path, const NamedFiles& files);

// One message_N.json in Messenger's form, with these objects as messages.
std::string ThreadJson(const std::string& title, const std::string& messages, const std::string& thread_path = "");

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_EXPORT_FIXTURE_H_
