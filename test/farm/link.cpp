// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/backoff.hpp"
#include "nats/link/connection.hpp"
#include "nats/link/server_link.hpp"
#include "nats/link/status.hpp"
#include "nats/link/subject.hpp"
#include "support/nats_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace link_test {

using namespace isolatte::nats::link;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using isolatte::test::has_nats_server;
using isolatte::test::has_nats_server_and_openssl;
using isolatte::test::make_certificates;
using isolatte::test::nats_server;
using isolatte::test::scratch_folder;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

struct failure {
  error_code ec;
  std::string text;
};

/// A loop with a link, and all that is told of the link.
struct world : link_events {
  explicit world(link_options options) : link{server_link::make(context.get_executor(), options)} {}
  ~world() {
    if (link) link->stop();
  }

  void link_up(const server_info& server) override {
    ups.push_back(server);
    if (on_up) on_up();
  }
  void link_down(const error_code& ec, const std::string& text) override {
    downs.push_back({ec, text});
    if (on_down) on_down();
  }
  void link_refused(const error_code& ec, const std::string& text) override {
    refusals.push_back({ec, text});
  }
  void link_unreachable(const error_code& ec, const std::string& text) override {
    unreachable.push_back({ec, text});
  }
  void link_violation(const std::string& text, const std::string& subject) override {
    violations.push_back({{}, text});
    violated = subject;
  }

  /// Runs the loop until the condition holds. The timeout of ctest limits the wait.
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) context.run_one();
  }
  void let_go() {
    link->stop();
    link.reset();
  }
  void connect() {
    link->start(*this);
    until([this] { return !ups.empty(); });
  }
  error_code publish(std::string_view subject, std::string_view text) {
    return link->publish(subject, {}, {}, bytes(text));
  }
  std::pair<error_code, std::string> ask(std::string_view subject, std::string_view text,
                                         std::chrono::nanoseconds timeout = 1min) {
    std::optional<std::pair<error_code, std::string>> answer;
    link->request(subject, bytes(text), timeout, [&answer](error_code ec, message what) {
      answer.emplace(ec, std::string{what.text()});
    });
    BOOST_TEST(!answer.has_value());
    until([&answer] { return answer.has_value(); });
    return *answer;
  }

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<server_info> ups;
  std::vector<failure> downs;
  std::vector<failure> refusals;
  std::vector<failure> unreachable;
  std::vector<failure> violations;
  std::string violated;
  std::function<void()> on_up;
  std::function<void()> on_down;
  std::shared_ptr<server_link> link;
};

/// On a busy machine, a connection must not be given up for slowness.
link_options to(const std::string& url) {
  link_options options;
  options.servers = {url};
  options.connect_timeout = 1min;
  options.ping_interval = 10min;
  options.write_timeout = 10min;
  return options;
}

link_options to(const nats_server& server) { return to(server.url()); }

/// A port that no server listens to.
struct closed_port {
  closed_port() : socket{context, {asio::ip::address_v4::loopback(), 0}} {}
  std::string url() const {
    return "nats://127.0.0.1:" + std::to_string(socket.local_endpoint().port());
  }
  asio::io_context context;
  asio::ip::tcp::socket socket;
};

/// A way to a server that takes 16 MB a second of what one client sends. Lives longer than the
/// connection.
class slow_way {
 public:
  explicit slow_way(const nats_server& to)
      : acceptor_{context_, {asio::ip::address_v4::loopback(), 0}} {
    acceptor_.set_option(asio::socket_base::receive_buffer_size{64 * 1024});
    server_.connect(
        {asio::ip::address_v4::loopback(), static_cast<asio::ip::port_type>(to.port())});
    there_ = std::thread{[this] {
      acceptor_.accept(client_);
      back_ = std::thread{[this] { carry(server_, client_, 0ms); }};
      carry(client_, server_, 8ms);
    }};
  }
  ~slow_way() {
    there_.join();
    back_.join();
  }
  slow_way(const slow_way&) = delete;
  slow_way& operator=(const slow_way&) = delete;
  std::string url() const {
    return "nats://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  /// Until the end of the one, which the other is told.
  static void carry(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to,
                    std::chrono::milliseconds pause) {
    std::vector<char> room(128 * 1024);
    error_code ec;
    while (true) {
      auto const size = from.read_some(asio::buffer(room), ec);
      if (!ec) asio::write(to, asio::buffer(room, size), ec);
      if (ec) break;
      std::this_thread::sleep_for(pause);
    }
    to.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  }

  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::tcp::socket client_{context_};
  asio::ip::tcp::socket server_{context_};
  std::thread there_;
  std::thread back_;
};

std::size_t count_of(const char* folder) {
  std::filesystem::directory_iterator const all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t threads() { return count_of("/proc/self/task"); }
std::size_t descriptors() { return count_of("/proc/self/fd"); }

/// The threads of a connection end soon after a link has been stopped. The timeout of ctest limits
/// the wait.
template <class Condition>
void wait_for(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(1ms);
}

std::size_t const threads_at_start = threads();
/// libnats keeps a few threads for itself, whatever the number of connections. The tests make
/// enough of these that one thread left by each would be more.
constexpr std::size_t most_library_threads = 8;
constexpr int connections_made = 20;
static_assert(connections_made / 2 > most_library_threads);

void wait_for_threads_to_end() {
  wait_for([] { return threads() <= threads_at_start + most_library_threads; });
}

/// After this, libnats has the descriptors that it keeps.
void warm_up(const nats_server& server) {
  world first{to(server)};
  first.link->subscribe("warm", [](auto) {});
  first.connect();
}

BOOST_AUTO_TEST_SUITE(link)

BOOST_AUTO_TEST_CASE(attempts_become_rarer_up_to_2_s) {
  for (std::uint32_t const random : {0U, 1U, 12345U, ~0U}) {
    auto const first = time_until_attempt(0, random);
    BOOST_TEST((first >= 25ms && first <= 50ms));
    auto const last = time_until_attempt(~0U, random);
    BOOST_TEST((last >= 1s && last <= 2s));
  }
  BOOST_TEST((time_until_attempt(3, 0) == 200ms));
  BOOST_TEST((time_until_attempt(3, 200) == 400ms));
}

BOOST_AUTO_TEST_CASE(what_a_subject_is) {
  BOOST_TEST(is_subject("a", false));
  BOOST_TEST(is_subject("$JS.API.INFO", false));
  for (auto const* const text :
       {"", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB b 0", "a\tb", "a\x7f"})
    BOOST_TEST(!is_subject(text, true), text);
  for (auto const* const text : {"*", ">", "a.*.b", "a.>"}) {
    BOOST_TEST(is_subject(text, true), text);
    BOOST_TEST(!is_subject(text, false), text);
  }
  BOOST_TEST(!is_subject(">.a", true));
  BOOST_TEST(violated_subject("Permissions Violation for Publish to \"a.b\"") == "a.b");
  BOOST_TEST(violated_subject("Permissions Violation for Publish to \"a.b") == "a.b");
  BOOST_TEST(violated_subject("nothing") == "");
  BOOST_TEST(new_inbox() != new_inbox());
  BOOST_TEST(is_subject(new_inbox(), false));
}

BOOST_AUTO_TEST_CASE(is_up_with_a_server, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to("nats://somebody:secret@127.0.0.1:" + std::to_string(server.port()))};
  BOOST_TEST(!w.link->is_up());
  BOOST_TEST((w.publish("a", "b") == errc::not_connected));
  w.connect();
  BOOST_TEST(w.link->is_up());
  BOOST_TEST(w.ups[0].url == server.url());
  BOOST_TEST(w.ups[0].max_payload == 1024u * 1024u);
  BOOST_TEST(!w.ups[0].id.empty());
}

BOOST_AUTO_TEST_CASE(messages_arrive_with_all_that_they_have,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server)};
  std::vector<std::string> seen;
  w.link->subscribe("a.*", [&](std::span<message> batch) {
    for (auto const& each : batch) {
      BOOST_TEST(each.reply() == "back");
      BOOST_TEST(each.header("Nats-Msg-Id").value_or("none") == "17");
      BOOST_TEST(each.header("other").value_or("none") == "a b: c");
      BOOST_TEST(!each.header("absent").has_value());
      BOOST_TEST(each.status() == 0);
      seen.push_back(std::string{each.subject()} + '=' + std::string{each.text()});
    }
  });
  w.connect();
  std::vector<header> const headers{{"Nats-Msg-Id", "17"}, {"other", "a b: c"}};
  BOOST_TEST(!w.link->publish("a.1", "back", headers, bytes("one")));
  BOOST_TEST(!w.link->publish("a.2", "back", headers, bytes(std::string_view{"t\0o", 3})));
  BOOST_TEST(!w.link->publish("b.2", "back", headers, bytes("other")));
  BOOST_TEST(!w.link->publish("a.3", "back", headers, {}));
  w.until([&] { return seen.size() == 3; });
  std::vector<std::string> const expected{"a.1=one", std::string{"a.2=t\0o", 7}, "a.3="};
  BOOST_TEST(seen == expected);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_refused_at_once,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server server{"max_payload: 1000"};
  auto options = to(server);
  options.max_unsent = 5000;
  world w{options};
  w.connect();
  BOOST_TEST((w.publish("a b", "") == errc::invalid_argument));
  BOOST_TEST((w.publish("a.*", "") == errc::invalid_argument));
  BOOST_TEST((w.link->publish("a", "b c", {}, {}) == errc::invalid_argument));
  for (auto const* const value : {"b\r\nc: d", "", " b", "b "}) {
    std::vector<header> const bad{{"a", value}};
    BOOST_TEST((w.link->publish("a", {}, bad, {}) == errc::invalid_argument), value);
  }
  std::vector<header> const unnamed{{"a:", "b"}};
  BOOST_TEST((w.link->publish("a", {}, unnamed, {}) == errc::invalid_argument));
  BOOST_CHECK_THROW(w.link->subscribe("a b", [](auto) {}), std::invalid_argument);

  BOOST_TEST((w.publish("a", std::string(1001, 'x')) == errc::message_size));
  BOOST_TEST(!w.publish("a", std::string(1000, 'x')));
  // The headers count: "NATS/1.0\r\n" "a: b\r\n" "\r\n" are 18 bytes.
  std::vector<header> const one{{"a", "b"}};
  BOOST_TEST((w.link->publish("a", {}, one, bytes(std::string(983, 'x'))) == errc::message_size));
  BOOST_TEST(!w.link->publish("a", {}, one, bytes(std::string(982, 'x'))));
  // The server takes all that, and the connection is as before.
  BOOST_TEST((w.ask("nobody.there", "").first == no_responders()));
  BOOST_TEST(w.downs.empty());

  server.pause();
  error_code ec;
  std::size_t sent = 0;
  while (!(ec = w.publish("a", std::string(1000, 'x')))) ++sent;
  BOOST_TEST((ec == errc::no_buffer_space));
  BOOST_TEST(sent >= 4u);
  BOOST_TEST(w.link->unsent() <= 5000u);
  server.resume();
  // Some time later there is room again.
  wait_for([&] { return w.link->unsent() == 0; });
  BOOST_TEST(!w.publish("a", ""));
}

/// Whether a connection is up, and whether it is still.
struct course {
  std::atomic<bool> is_ready = false;
  std::atomic<bool> has_ended = false;
};

struct course_owner final : connection::owner {
  explicit course_owner(std::shared_ptr<course> to) : of{std::move(to)} {}
  void ready(const server_info&) override { of->is_ready = true; }
  void arrived() override {}
  void drained(std::uint64_t) override {}
  void complained(const error_code&, const std::string&) override {}
  void ended(const error_code&, const std::string&) override { of->has_ended = true; }
  std::shared_ptr<course> of;
};

BOOST_AUTO_TEST_CASE(any_thread_may_flush, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  auto options = to(server);
  // The connection pings all the time, so that there is something to write.
  options.ping_interval = 0ms;
  options.max_pings_out = 100'000;
  auto const seen = std::make_shared<course>();
  auto const one =
      std::make_shared<connection>(options, server.url(), std::make_unique<course_owner>(seen));
  one->start();
  wait_for([&] { return seen->is_ready || seen->has_ended; });
  std::vector<std::thread> all;
  for (int i = 0; i != 4; ++i)
    all.emplace_back([&] {
      for (int k = 0; k != 1'000'000 && !seen->has_ended; ++k) one->flush();
    });
  for (auto& each : all) each.join();
  BOOST_TEST(seen->is_ready);
  BOOST_TEST(!seen->has_ended);
  one->close(false);
}

BOOST_AUTO_TEST_CASE(a_slow_way_to_the_server_is_no_silent_server,
                     *boost::unit_test::precondition(has_nats_server)) {
  constexpr std::size_t count = 40;
  std::string const large(1'000'000, 'x');
  nats_server const server;
  slow_way const way{server};
  world reader{to(server)};
  std::size_t seen = 0;
  reader.link->subscribe("large", [&](auto batch) {
    seen += batch.size();
    for (auto const& each : batch) BOOST_TEST((each.text() == large));
  });
  reader.connect();
  auto options = to(way.url());
  // Pings are answered after seconds.
  options.ping_interval = 200ms;
  options.write_timeout = 1s;
  world writer{options};
  auto const early = writer.link->subscribe("early", [](auto) {});
  writer.connect();
  for (std::size_t i = 0; i != count; ++i) BOOST_TEST(!writer.publish("large", large));
  bool is_drained = false;
  BOOST_TEST(writer.link->drain(early, [&] { is_drained = true; }));
  writer.until([&] { return is_drained || !writer.downs.empty(); });
  BOOST_TEST(writer.downs.empty());
  reader.until([&] { return seen == count; });
  // The rest is sent at the end, too.
  for (std::size_t i = 0; i != count; ++i) BOOST_TEST(!writer.publish("large", large));
  writer.let_go();
  reader.until([&] { return seen == 2 * count; });
}

BOOST_AUTO_TEST_CASE(requests_are_answered, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server)};
  w.link->subscribe("twice", [&](std::span<message> batch) {
    for (auto const& each : batch) {
      auto const text = std::string{each.text()};
      BOOST_TEST(!w.publish(each.reply(), text + text));
      BOOST_TEST(!w.publish(each.reply(), "a second reply"));
    }
  });
  w.link->subscribe("silent", [](auto) {});
  w.connect();
  auto const [ec, text] = w.ask("twice", "ab");
  BOOST_TEST(!ec);
  BOOST_TEST(text == "abab");
  BOOST_TEST((w.ask("silent", "ab", 1ms).first == errc::timed_out));
  BOOST_TEST((w.ask("nobody.there", "ab").first == no_responders()));
  BOOST_TEST((w.ask("nobody.there", "ab").first == errc::address_not_available));
  BOOST_TEST((w.ask("bad subject", "ab").first == errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(several_requests_may_wait_at_once,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server)};
  constexpr int count = 20;
  std::vector<std::string> silent;
  w.link->subscribe("silent", [&](std::span<message> batch) {
    for (auto const& each : batch) silent.push_back(std::string{each.reply()});
  });
  w.connect();
  std::vector<std::string> answers;
  for (int i = 0; i != count; ++i)
    w.link->request("silent", {}, 1min, [&](error_code ec, const message& what) {
      BOOST_TEST(!ec);
      answers.push_back(std::string{what.text()});
    });
  w.until([&] { return silent.size() == count; });
  // Which one nothing answers cannot be told when so many wait.
  BOOST_TEST((w.ask("nobody.there", "", 100ms).first == errc::timed_out));
  std::vector<std::string> expected;
  for (int i = 0; i != count; ++i) {
    expected.push_back(std::to_string(i));
    BOOST_TEST(!w.publish(silent[static_cast<std::size_t>(i)], expected.back()));
  }
  w.until([&] { return answers.size() == count; });
  // Each place of the inbox keeps its order.
  std::ranges::sort(answers);
  std::ranges::sort(expected);
  BOOST_TEST(answers == expected);
  BOOST_TEST((w.ask("nobody.there", "").first == no_responders()));
}

BOOST_AUTO_TEST_CASE(a_request_ends_with_its_connection,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server server;
  world w{to(server)};
  w.link->subscribe("silent", [](auto) {});
  w.connect();
  std::optional<error_code> told;
  w.link->request("silent", {}, 1min, [&](error_code ec, auto) {
    BOOST_TEST(w.downs.empty());
    told = ec;
  });
  server.kill();
  w.until([&] { return w.downs.size() == 1; });
  BOOST_TEST((told == errc::not_connected));
  BOOST_TEST((w.ask("silent", "").first == errc::not_connected));
  BOOST_TEST((w.downs[0].ec == errc::connection_reset), w.downs[0].ec << w.downs[0].text);
}

BOOST_AUTO_TEST_CASE(a_server_may_come_later, *boost::unit_test::precondition(has_nats_server)) {
  nats_server server;
  server.kill();
  world w{to(server)};
  std::size_t seen = 0;
  w.link->subscribe("a", [&](auto batch) { seen += batch.size(); });
  w.link->start(w);
  w.until([&] { return w.unreachable.size() == 3; });
  BOOST_TEST((w.unreachable[0].ec == errc::connection_refused), w.unreachable[0].text);
  BOOST_TEST(w.refusals.empty());
  server.start();
  w.until([&] { return w.ups.size() == 1; });
  BOOST_TEST(!w.publish("a", ""));
  w.until([&] { return seen == 1; });
}

BOOST_AUTO_TEST_CASE(subscriptions_outlive_the_server,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server server;
  world w{to(server)};
  std::vector<std::string> seen;
  auto const note = [&](std::span<message> batch) {
    for (auto const& each : batch) seen.push_back(std::string{each.subject()});
  };
  w.link->subscribe("before", note);
  auto const ended = w.link->subscribe("ended", note);
  w.connect();
  w.link->subscribe("while.up", note);
  w.link->unsubscribe(ended);
  for (int i = 0; i != 3; ++i) {
    server.kill();
    w.until([&] { return w.downs.size() == static_cast<std::size_t>(i) + 1; });
    BOOST_TEST(!w.link->is_up());
    auto const while_down = "while.down." + std::to_string(i);
    w.link->subscribe(while_down, note);
    server.start();
    w.until([&] { return w.link->is_up(); });
    BOOST_TEST(w.ups.back().id != w.ups[static_cast<std::size_t>(i)].id);
    seen.clear();
    for (auto const& subject :
         {std::string{"ended"}, std::string{"before"}, std::string{"while.up"}, while_down})
      BOOST_TEST(!w.publish(subject, ""));
    w.until([&] { return seen.size() == 3; });
    std::vector<std::string> const expected{"before", "while.up", while_down};
    BOOST_TEST(seen == expected);
  }
}

BOOST_AUTO_TEST_CASE(another_server_is_tried, *boost::unit_test::precondition(has_nats_server)) {
  nats_server first;
  nats_server const second;
  closed_port const nothing;
  auto options = to(first);
  options.servers = {nothing.url(), first.url(), second.url()};
  world w{options};
  w.connect();
  BOOST_TEST(w.unreachable.size() == 1u);
  BOOST_TEST(w.ups[0].url == first.url());
  first.kill();
  w.until([&] { return w.ups.size() == 2; });
  BOOST_TEST(w.ups[1].url == second.url());
}

BOOST_AUTO_TEST_CASE(a_silent_server_is_noticed, *boost::unit_test::precondition(has_nats_server)) {
  nats_server server;
  auto options = to(server);
  options.ping_interval = 50ms;
  options.connect_timeout = 500ms;
  world w{options};
  w.connect();
  server.pause();
  w.until([&] { return !w.downs.empty() && !w.link->is_up(); });
  BOOST_TEST((w.downs[0].ec == errc::timed_out), w.downs[0].ec << w.downs[0].text);
  // The kernel accepts connections for the paused server, which says nothing.
  w.until([&] { return !w.unreachable.empty(); });
  server.resume();
  w.until([&] { return w.link->is_up(); });
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_told_and_tried_again,
                     *boost::unit_test::precondition(has_nats_server)) {
  auto const user = [](const std::string& password) {
    return "authorization { user: u, password: \"" + password + "\" }";
  };
  nats_server server{user("other")};
  auto options = to(server);
  options.user = "u";
  options.password = "right";
  world w{options};
  w.link->start(w);
  w.until([&] { return w.refusals.size() == 2; });
  BOOST_TEST((w.refusals[0].ec == errc::permission_denied), w.refusals[0].text);
  BOOST_TEST(is_refusal(w.refusals[0].ec));
  BOOST_TEST(w.unreachable.empty());
  server.kill();
  server.set_configuration(user("right"));
  server.start();
  w.until([&] { return w.ups.size() == 1; });
}

BOOST_AUTO_TEST_CASE(missing_files_are_told, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  for (auto const member : {&link_options::ca, &link_options::certificate}) {
    auto options = to(server);
    options.*member = "/nonexistent/file";
    world w{options};
    w.link->start(w);
    w.until([&] { return !w.refusals.empty(); });
    BOOST_TEST(!w.refusals[0].text.empty());
    BOOST_TEST(w.ups.empty());
  }
}

BOOST_AUTO_TEST_CASE(violations_are_told, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server{
      "authorization { users: [ { user: u, password: p, permissions: {"
      " publish: [\"a\", \"_INBOX.>\"], subscribe: [\"a\", \"_INBOX.>\"] } } ] }"};
  auto options = to(server);
  options.user = "u";
  options.password = "p";
  world w{options};
  std::size_t seen = 0;
  w.link->subscribe("a", [&](auto batch) { seen += batch.size(); });
  w.link->subscribe("forbidden.too", [](auto) {});
  w.connect();
  w.until([&] { return w.violations.size() == 1; });
  BOOST_TEST(w.violated == "forbidden.too");
  BOOST_TEST(!w.publish("forbidden", ""));
  w.until([&] { return w.violations.size() == 2; });
  BOOST_TEST(w.violated == "forbidden");
  BOOST_TEST(w.violations[1].text.find("Publish") != std::string::npos);
  // The connection goes on.
  BOOST_TEST(!w.publish("a", ""));
  w.until([&] { return seen == 1; });
  BOOST_TEST(w.downs.empty());
}

struct tls_world {
  explicit tls_world(bool verify) {
    make_certificates(folder.path());
    server.emplace("tls { cert_file: \"" + file("server.pem") + "\", key_file: \"" +
                   file("server.key") + "\", ca_file: \"" + file("ca.pem") +
                   "\", timeout: 60, verify: " + (verify ? "true" : "false") + " }");
  }
  std::string file(const char* name) const { return (folder.path() / name).string(); }
  link_options options(const char* ca) const {
    auto result = to(server->tls_url());
    result.ca = file(ca);
    return result;
  }

  scratch_folder folder;
  std::optional<nats_server> server;
};

/// A file in which OpenSSL finds authorities by itself.
struct certificate_authorities {
  explicit certificate_authorities(const std::string& file) {
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  }
  certificate_authorities(const certificate_authorities&) = delete;
  certificate_authorities& operator=(const certificate_authorities&) = delete;
  ~certificate_authorities() { ::unsetenv("SSL_CERT_FILE"); }
};

/// Every message arrives once and in order.
void send_many(world& w, unsigned count) {
  unsigned next = 0;
  bool in_order = true;
  w.link->subscribe("many", [&](std::span<message> batch) {
    for (auto const& each : batch) {
      in_order = in_order && each.text() == std::to_string(next) + std::string(90, '.');
      ++next;
    }
  });
  w.connect();
  for (unsigned i = 0; i != count; ++i) {
    if (auto const ec = w.publish("many", std::to_string(i) + std::string(90, '.'))) {
      BOOST_TEST(!ec, ec.message());
      return;
    }
  }
  w.until([&] { return next == count || !w.downs.empty(); });
  BOOST_TEST(next == count);
  BOOST_TEST(in_order);
  BOOST_TEST(w.link->unsent() == 0u);
  BOOST_TEST(w.downs.empty());
}

BOOST_AUTO_TEST_CASE(no_message_of_many_is_lost, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server)};
  send_many(w, 100'000);
}

BOOST_AUTO_TEST_CASE(no_message_of_many_is_lost_with_tls,
                     *boost::unit_test::precondition(has_nats_server_and_openssl)) {
  tls_world const tls{false};
  world w{tls.options("ca.pem")};
  send_many(w, 100'000);
}

BOOST_AUTO_TEST_CASE(certificates_are_verified_on_both_sides,
                     *boost::unit_test::precondition(has_nats_server_and_openssl)) {
  tls_world const tls{true};
  {
    auto options = tls.options("ca.pem");
    options.certificate = tls.file("client.pem");
    options.key = tls.file("client.key");
    world w{options};
    w.connect();
    BOOST_TEST((w.ask("nobody.there", "").first == no_responders()));
  }
  {
    world without_certificate{tls.options("ca.pem")};
    auto& w = without_certificate;
    w.link->start(w);
    // In TLS 1.3 the client learns only afterwards that its certificate is missed.
    w.until([&] { return !w.refusals.empty(); });
    BOOST_TEST(w.ups.empty());
  }
  {
    auto options = tls.options("other-ca.pem");
    options.certificate = tls.file("client.pem");
    options.key = tls.file("client.key");
    world wrong_authority{options};
    auto& w = wrong_authority;
    w.link->start(w);
    w.until([&] { return w.refusals.size() == 2; });
    BOOST_TEST((w.refusals[0].ec == errc::protocol_error), w.refusals[0].ec);
    BOOST_TEST(w.ups.empty());
  }
  {
    auto options = tls.options("other-ca.pem");
    options.certificate = tls.file("client.pem");
    options.key = tls.file("client.key");
    options.insecure = true;
    world unverified{options};
    unverified.connect();
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_wants_tls_gets_it,
                     *boost::unit_test::precondition(has_nats_server_and_openssl)) {
  tls_world const tls{false};
  // The options do not ask for TLS, so OpenSSL takes the authorities of the system.
  certificate_authorities const known{tls.file("ca.pem")};
  for (int i = 0; i != 3; ++i) {
    world w{to("nats://localhost:" + std::to_string(tls.server->port()))};
    send_many(w, 1000);
    BOOST_TEST((w.ask("nobody.there", "").first == no_responders()));
    BOOST_TEST(w.ups.size() == 1u);
    BOOST_TEST(w.unreachable.empty());
    BOOST_TEST(w.refusals.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_name_is_refused,
                     *boost::unit_test::precondition(has_nats_server_and_openssl)) {
  tls_world const tls{false};
  auto options = tls.options("ca.pem");
  options.servers = {"tls://127.0.0.1:" + std::to_string(tls.server->port())};
  world w{options};
  w.link->start(w);
  w.until([&] { return !w.refusals.empty(); });
  BOOST_TEST((w.refusals[0].ec == errc::protocol_error), w.refusals[0].ec);
  BOOST_TEST(w.ups.empty());
}

BOOST_AUTO_TEST_CASE(a_server_without_tls_is_refused,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server.tls_url())};
  w.link->start(w);
  w.until([&] { return !w.refusals.empty(); });
  BOOST_TEST((w.refusals[0].ec == errc::protocol_error), w.refusals[0].ec);
}

BOOST_AUTO_TEST_CASE(a_subscription_that_is_drained_gets_all_that_was_sent_before,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server server;
  world w{to(server)};
  std::size_t seen = 0;
  auto const hear = [&seen](std::span<message> batch) { seen += batch.size(); };
  auto const first = w.link->subscribe("many", hear);
  w.connect();
  for (int i = 0; i != 1000; ++i) BOOST_TEST(!w.publish("many", "before"));
  bool is_done = false;
  BOOST_TEST(w.link->drain(first, [&] {
    is_done = true;
    BOOST_TEST(seen == 1000u);
  }));
  BOOST_TEST(!is_done);
  for (int i = 0; i != 1000; ++i) BOOST_TEST(!w.publish("many", "after"));
  w.until([&] { return is_done; });
  BOOST_TEST((w.ask("nobody.there", "").first == no_responders()));
  BOOST_TEST(seen == 1000u);
  BOOST_TEST(w.downs.empty());
  // The end of a connection is that of the subscription, too.
  auto const second = w.link->subscribe("many", hear);
  server.pause();
  is_done = false;
  BOOST_TEST(w.link->drain(second, [&] { is_done = true; }));
  server.kill();
  w.until([&] { return !w.downs.empty(); });
  BOOST_TEST(!w.link->drain(second, [&] { is_done = true; }));
  server.start();
  w.until([&] { return w.ups.size() == 2; });
  BOOST_TEST(!w.publish("many", "again"));
  BOOST_TEST((w.ask("nobody.there", "").first == no_responders()));
  BOOST_TEST(seen == 1000u);
  BOOST_TEST(!is_done);
}

BOOST_AUTO_TEST_CASE(the_loop_has_work_until_a_connection_has_ended,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  warm_up(server);
  for (int i = 0; i != 20; ++i) {
    world w{to(server)};
    auto const before = descriptors();
    w.connect();
    w.work.reset();
    w.link->stop();
    w.context.run();
    // Connections of earlier tests may end meanwhile.
    BOOST_TEST(descriptors() <= before);
  }
}

BOOST_AUTO_TEST_CASE(what_was_published_before_the_stop_is_sent,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world reader{to(server)};
  std::size_t seen = 0;
  reader.link->subscribe("last", [&](auto batch) { seen += batch.size(); });
  reader.connect();
  world writer{to(server)};
  writer.connect();
  for (int i = 0; i != 1000; ++i) BOOST_TEST(!writer.publish("last", std::string(1000, 'x')));
  writer.link->stop();
  BOOST_TEST((writer.publish("last", "") == errc::not_connected));
  reader.until([&] { return seen == 1000; });
}

BOOST_AUTO_TEST_CASE(nothing_is_left_after_the_end,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  warm_up(server);
  wait_for_threads_to_end();
  auto const descriptors_before = descriptors();
  for (int i = 0; i != connections_made; ++i) {
    world w{to(server)};
    for (auto const* const subject : {"a", "b", "c"}) w.link->subscribe(subject, [](auto) {});
    w.link->start(w);
    // Half of them are stopped while they connect.
    if (i % 2 == 0) w.until([&] { return w.ups.size() == 1; });
    w.link->stop();
  }
  wait_for_threads_to_end();
  // A few threads that are about to end may be taken for those of the library.
  wait_for([&] { return descriptors() <= descriptors_before; });
}

BOOST_AUTO_TEST_CASE(a_link_may_outlive_its_context,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  for (int i = 0; i != connections_made; ++i) {
    std::shared_ptr<server_link> kept;
    auto const handler_alive = std::make_shared<int>();
    {
      world w{to(server)};
      w.link->subscribe("silent", [handler_alive](auto) {});
      w.connect();
      w.link->request("silent", {}, 1min, [handler_alive](auto, auto) { BOOST_ERROR("called"); });
      kept = std::move(w.link);
    }
    BOOST_TEST(handler_alive.use_count() == 1);
    BOOST_TEST(!kept->is_up());
    BOOST_TEST((kept->publish("a", {}, {}, {}) == errc::not_connected));
    kept->request("silent", {}, 1min, [](auto, auto) { BOOST_ERROR("called"); });
    kept->unsubscribe(1);
  }
  wait_for_threads_to_end();
}

BOOST_AUTO_TEST_CASE(the_link_may_be_stopped_in_what_it_calls,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server server;
  {
    world in_up{to(server)};
    in_up.on_up = [&] { in_up.let_go(); };
    in_up.link->start(in_up);
    in_up.until([&] { return !in_up.ups.empty(); });
  }
  {
    world in_handler{to(server)};
    bool called = false;
    in_handler.link->subscribe("a", [&](auto) {
      BOOST_TEST(!called);
      called = true;
      in_handler.let_go();
    });
    in_handler.link->subscribe("b", [&](auto) { BOOST_TEST(!called); });
    in_handler.connect();
    for (auto const* const subject : {"a", "b", "a"}) BOOST_TEST(!in_handler.publish(subject, ""));
    in_handler.until([&] { return called; });
  }
  {
    world in_down{to(server)};
    in_down.link->subscribe("silent", [](auto) {});
    in_down.connect();
    int called = 0;
    for (int i = 0; i != 2; ++i)
      in_down.link->request("silent", {}, 1min, [&](auto, auto) {
        ++called;
        in_down.let_go();
      });
    server.kill();
    in_down.until([&] { return called != 0; });
    in_down.context.poll();
    BOOST_TEST(called == 1);
    BOOST_TEST(in_down.downs.empty());
  }
}

BOOST_AUTO_TEST_CASE(sigpipe_keeps_its_meaning, *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server)};
  w.connect();
  struct sigaction now{};
  ::sigaction(SIGPIPE, nullptr, &now);
  BOOST_TEST((now.sa_handler == SIG_DFL));
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_does_not_touch_the_connection,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  world w{to(server)};
  std::size_t seen = 0;
  w.link->subscribe("a", [&](auto batch) { seen += batch.size(); });
  w.connect();
  int const copy = ::fork();
  BOOST_REQUIRE(copy != -1);
  if (copy == 0) {
    bool const refused = w.publish("a", "") == errc::not_connected;
    w.link->subscribe("b", [](auto) {});
    w.link->unsubscribe(1);
    bool const nothing_waits = w.link->unsent() == 0;
    w.link->stop();
    w.link.reset();
    ::_exit(refused && nothing_waits ? 0 : 1);
  }
  int status = -1;
  BOOST_TEST(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(status == 0);
  BOOST_TEST(!w.publish("a", ""));
  w.until([&] { return seen == 1; });
  BOOST_TEST(w.downs.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace link_test
