// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "by_hand.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace by_hand {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

struct message {
  std::string subject;
  std::string reply;
  std::string data;
};

/// A client of NATS that understands what is needed here.
class client {
 public:
  explicit client(int port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket_ == -1 || ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == -1)
      fail("connect");
    int const yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    line();
    send("CONNECT {\"verbose\":false,\"headers\":true}\r\nPING\r\n");
    while (line() != "PONG") {
    }
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { ::close(socket_); }

  void subscribe(const std::string& subject) {
    send("SUB " + subject + ' ' + std::to_string(++subscriptions_) + "\r\n");
  }
  void publish(const std::string& subject, const std::string& reply, const std::string& data) {
    send("PUB " + subject + ' ' + reply + (reply.empty() ? "" : " ") + std::to_string(data.size()) +
         "\r\n" + data + "\r\n");
  }
  message next() {
    while (true) {
      auto const head = line();
      if (head == "PING") send("PONG\r\n");
      if (head.starts_with("-ERR")) throw std::runtime_error{head};
      if (auto read = read_message(head)) return *std::move(read);
    }
  }
  /// @throws std::runtime_error if the server does not do it
  void ask(const std::string& subject, const std::string& body) {
    auto const inbox = "asked." + std::to_string(subscriptions_);
    subscribe(inbox);
    publish(subject, inbox, body);
    auto const answer = next();
    if (answer.data.find("\"error\"") != answer.data.npos) throw std::runtime_error{answer.data};
  }

 private:
  void send(std::string_view what) {
    while (!what.empty()) {
      auto const sent = ::send(socket_, what.data(), what.size(), MSG_NOSIGNAL);
      if (sent == -1) fail("send");
      what.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void receive() {
    char bytes[65536];
    auto const size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size == -1) fail("recv");
    if (size == 0) throw std::runtime_error{"the server has closed the connection"};
    received_.append(bytes, static_cast<std::size_t>(size));
  }
  std::string take(std::size_t size, std::size_t and_skip) {
    while (received_.size() < size + and_skip) receive();
    auto taken = received_.substr(0, size);
    received_.erase(0, size + and_skip);
    return taken;
  }
  std::string line() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == received_.npos) receive();
    return take(end, 2);
  }
  /// MSG <subject> <subscription> [reply] <size>, or HMSG, which has two sizes.
  std::optional<message> read_message(std::string_view head) {
    bool const has_headers = head.starts_with("HMSG ");
    if (!has_headers && !head.starts_with("MSG ")) return {};
    std::string_view words[6];
    std::size_t count = 0;
    while (!head.empty() && count != std::size(words)) {
      auto const end = std::min(head.find(' '), head.size());
      words[count++] = head.substr(0, end);
      head.remove_prefix(std::min(end + 1, head.size()));
    }
    std::size_t size = 0;
    auto const last = words[count - 1];
    std::from_chars(last.data(), last.data() + last.size(), size);
    message made;
    made.subject = words[1];
    if (count == (has_headers ? 6 : 5)) made.reply = words[3];
    made.data = take(size, 2);
    return made;
  }

  int const socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int subscriptions_ = 0;
  std::string received_;
};

void make_streams(int port) {
  client admin{port};
  admin.ask("$JS.API.STREAM.CREATE.HAND_JOBS",
            R"({"name":"HAND_JOBS","subjects":["hand.job"],"retention":"workqueue"})");
  admin.ask("$JS.API.STREAM.CREATE.HAND_DONE",
            R"({"name":"HAND_DONE","subjects":["hand.done"],"retention":"interest"})");
  admin.ask(
      "$JS.API.CONSUMER.DURABLE.CREATE.HAND_JOBS.hosts",
      R"({"stream_name":"HAND_JOBS","config":{"durable_name":"hosts","ack_policy":"explicit"}})");
  admin.ask("$JS.API.CONSUMER.DURABLE.CREATE.HAND_DONE.submitter",
            R"({"stream_name":"HAND_DONE","config":{"durable_name":"submitter",)"
            R"("deliver_subject":"hand.result","ack_policy":"explicit"}})");
}

[[noreturn]] void answer_jobs(int port) {
  constexpr int at_once = 16;
  client host{port};
  for (auto const* const subject : {"hand.pull", "hand.stored", "hand.acknowledged"})
    host.subscribe(subject);
  for (int jobs = 0;;) {
    if (jobs % at_once == 0)
      host.publish("$JS.API.CONSUMER.MSG.NEXT.HAND_JOBS.hosts", "hand.pull",
                   R"({"batch":16,"expires":30000000000})");
    auto job = host.next();
    while (job.subject != "hand.job") job = host.next();
    host.publish("hand.done", "hand.stored", job.data);
    host.publish(job.reply, "hand.acknowledged", "+ACK");
    ++jobs;
  }
}

class other_program {
 public:
  explicit other_program(int port) : pid_{::fork()} {
    if (pid_ == -1) fail("fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      answer_jobs(port);
    } catch (...) {
      ::_exit(1);
    }
  }
  other_program(const other_program&) = delete;
  other_program& operator=(const other_program&) = delete;
  ~other_program() {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
    }
  }

 private:
  pid_t const pid_;
};

}  // namespace

double exchange_one_at_a_time(int port, int count) {
  make_streams(port);
  other_program const host{port};
  client submitter{port};
  for (auto const* const subject : {"hand.result", "hand.taken"}) submitter.subscribe(subject);
  std::string const job(200, 'x');
  auto const run = [&](int jobs) {
    for (; jobs != 0; --jobs) {
      submitter.publish("hand.job", "hand.taken", job);
      auto result = submitter.next();
      while (result.subject != "hand.done") result = submitter.next();
      submitter.publish(result.reply, {}, "+ACK");
    }
  };
  run(std::max(count / 10, 1));
  auto const start = std::chrono::steady_clock::now();
  run(count);
  std::chrono::duration<double, std::micro> const time = std::chrono::steady_clock::now() - start;
  return time.count() / count;
}

}  // namespace by_hand
