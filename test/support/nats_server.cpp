// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/nats_server.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& file) {
  std::ifstream stream{file};
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Looks where a shell would, and where Debian installs servers.
std::string find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders{std::string{path == nullptr ? "" : path} + ":/usr/sbin:/sbin"};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (auto const file = fs::path{folder} / name; ::access(file.c_str(), X_OK) == 0)
      return file.string();
  return {};
}

boost::test_tools::assertion_result has_program(const std::string& name) {
  boost::test_tools::assertion_result result{!find_program(name).empty()};
  result.message() << "there is no " << name;
  return result;
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// Runs the program with its output in a file. Nothing between fork and exec allocates.
int spawn(const std::string& program, const std::string& configuration, const std::string& log) {
  const char* const arguments[] = {program.c_str(), "-c", configuration.c_str(), nullptr};
  int const parent = ::getpid();
  int const pid = ::fork();
  if (pid == -1) fail("fork");
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  int const in = ::open("/dev/null", O_RDONLY);
  if (out == -1 || in == -1) ::_exit(127);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  for (int fd = 3; fd != 1024; ++fd) ::close(fd);
  ::execv(program.c_str(), const_cast<char**>(arguments));
  ::_exit(127);
}

void command(const std::string& line) {
  if (std::system(line.c_str()) != 0) throw std::runtime_error{"failed: " + line};
}

}  // namespace

scratch_folder::scratch_folder() {
  std::string name = (fs::temp_directory_path() / "isolatte-nats-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp");
  path_ = name;
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

nats_server::nats_server(std::string more) : more_{std::move(more)} { start(); }

nats_server::~nats_server() { kill(); }

std::string nats_server::log() const { return contents(folder_.path() / "log"); }

void nats_server::write_configuration() const {
  std::ofstream stream{folder_.path() / "configuration"};
  stream << "host: 127.0.0.1\nport: " << port_ << "\nports_file_dir: \"" << folder_.path().string()
         << "\"\njetstream { store_dir: \"" << (folder_.path() / "store").string() << "\" }\n"
         << more_ << '\n';
  if (!stream.flush()) throw std::runtime_error{"the configuration cannot be written"};
}

/// The server writes its addresses when it is ready: {"nats":["nats://127.0.0.1:4222"]}
bool nats_server::find_port() {
  auto const file =
      folder_.path() / (fs::path{"nats-server_" + std::to_string(pid_)}.string() + ".ports");
  auto const text = contents(file);
  auto const at = text.find("127.0.0.1:");
  if (at == std::string::npos || text.find('}') == std::string::npos) return false;
  port_ = std::stoi(text.substr(at + std::string_view{"127.0.0.1:"}.size()));
  fs::remove(file);
  return true;
}

void nats_server::start() {
  write_configuration();
  pid_ = spawn(find_program("nats-server"), (folder_.path() / "configuration").string(),
               (folder_.path() / "log").string());
  while (!find_port()) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error{"nats-server has ended:\n" + log()};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void nats_server::kill() {
  if (pid_ == -1) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
  }
  pid_ = -1;
}

void nats_server::delete_store() { fs::remove_all(folder_.path() / "store"); }

void nats_server::pause() {
  if (::kill(pid_, SIGSTOP) == -1) fail("SIGSTOP");
  int status = 0;
  while (::waitpid(pid_, &status, WUNTRACED) == -1 && errno == EINTR) {
  }
}

void nats_server::resume() {
  if (::kill(pid_, SIGCONT) == -1) fail("SIGCONT");
}

void make_certificates(const fs::path& folder) {
  auto const in = "cd '" + folder.string() + "' && openssl ";
  auto const quiet = " >openssl.log 2>&1";
  auto const key = std::string{"-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "};
  for (auto const* const ca : {"ca", "other-ca"})
    command(in + "req -x509 " + key + "-days 2 -subj /CN=" + ca + " -keyout " + ca + ".key -out " +
            ca + ".pem" + quiet);
  std::ofstream{folder / "server.ext"} << "subjectAltName=DNS:localhost\n";
  std::ofstream{folder / "client.ext"} << "extendedKeyUsage=clientAuth\n";
  for (auto const& name : {std::string{"server"}, std::string{"client"}}) {
    command(in + "req " + key + "-subj /CN=" + (name == "server" ? "localhost" : name) +
            " -keyout " + name + ".key -out " + name + ".csr" + quiet);
    command(in + "x509 -req -in " + name +
            ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 " + "-extfile " + name +
            ".ext -out " + name + ".pem" + quiet);
  }
}

boost::test_tools::assertion_result has_nats_server(boost::unit_test::test_unit_id) {
  return has_program("nats-server");
}

boost::test_tools::assertion_result has_nats_server_and_openssl(
    boost::unit_test::test_unit_id unit) {
  auto const server = has_nats_server(unit);
  return server ? has_program("openssl") : server;
}

}  // namespace isolatte::inline v0_1::test
