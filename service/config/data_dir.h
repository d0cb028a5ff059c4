// Where things lie below the data directory.
#ifndef LABYRINTH_SERVICE_CONFIG_DATA_DIR_H_
#define LABYRINTH_SERVICE_CONFIG_DATA_DIR_H_

#include <string>

namespace labyrinth::service {

inline std::string StorePath(const std::string& data_dir) { return data_dir + "/store"; }
inline std::string DevIssuerKeyPath(const std::string& data_dir) { return data_dir + "/dev_issuer.key"; }
// Unless the configuration says otherwise.
inline std::string DefaultJournalPath(const std::string& data_dir) { return data_dir + "/revocations.journal"; }
inline std::string DefaultAdminSocketPath(const std::string& data_dir) { return data_dir + "/admin.sock"; }

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONFIG_DATA_DIR_H_
