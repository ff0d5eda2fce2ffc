// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A conversation with a job that sends anything at any moment, while the program receives, sends
// and stops: credit, windows, and the end.

#include "logic/talk_frame.hpp"
#include "posix/descriptor.hpp"
#include "supervise/talk.hpp"
#include "target.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <sys/socket.h>

namespace conversations_target {

using namespace isolatte::fuzz;
namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::detail::byte_buffer;
using isolatte::detail::message;
using isolatte::logic::cost_of_message;
using isolatte::logic::talk_header;
using isolatte::logic::talk_kind;
using isolatte::supervise::talk;

constexpr std::array<std::size_t, 4> windows{100, 1, 5'000, 64 * 1024};
constexpr std::array<std::size_t, 3> limits{5'000, 64, 0};
/// Messages of the job, and those of the program.
constexpr std::array<std::size_t, 5> job_sizes{40, 0, 1, 1'000, 5'000};
constexpr std::array<std::size_t, 4> program_sizes{40, 0, 1, 1'000};
constexpr std::size_t most_steps = 64;
/// The program's end reads so much at once.
constexpr std::size_t buffer = 64 * 1024;
constexpr std::size_t small_change = 64 * 1024;

/// One step of the job or of the program. The inputs of the corpus depend on the order: new ones go
/// to the end.
enum class step : std::uint8_t {
  job_sends_frame,
  job_sends_bytes,
  job_reads,
  job_gives_credit,
  job_closes,
  program_receives,
  program_sends,
  program_asks_to_stop,
  program_finishes_sending,
  program_stops_taking,
  program_refuses_next,
  program_closes,
};
constexpr std::uint8_t steps = 12;
/// The event loop runs after the step.
constexpr std::uint8_t runs_loop = 0x80;

enum : std::uint8_t { needs_stops = 1, needs_hears = 2, needs_speaks = 4, has_taker = 8 };

struct frame {
  talk_kind kind;
  std::uint64_t length;
  input payload;
};

/// Goes through the frames of one direction, up to one that is not whole or not sound.
class frames {
 public:
  explicit frames(const bytes& of) noexcept : of_{of} {}
  std::optional<frame> next() noexcept {
    input const rest = input{of_}.subspan(at_);
    talk_header header;
    if (rest.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, rest.data(), sizeof header);
    auto const kind = static_cast<talk_kind>(header.kind);
    std::uint64_t const size = kind == talk_kind::message ? header.length : 0;
    if (header.magic != talk_header::expected_magic || size > rest.size() - sizeof header)
      return std::nullopt;
    at_ += sizeof header + size;
    return frame{kind, header.length, rest.subspan(sizeof header, size)};
  }
  std::optional<frame> next_message() noexcept {
    for (;;) {
      auto found = next();
      if (!found || found->kind == talk_kind::message) return found;
    }
  }

 private:
  const bytes& of_;
  std::size_t at_ = 0;
};

/// Room that stays from one input to the next.
struct records {
  records() {
    said.reserve(512 * 1024);
    heard.reserve(256 * 1024);
    given.reserve(most_steps);
  }
  /// The bytes that the job has written, and those that it has read.
  bytes said;
  bytes heard;
  /// The sizes of the messages that the program was given to send.
  std::vector<std::size_t> given;
  bytes const filler = bytes(job_sizes.back(), std::byte{'m'});
  std::array<std::byte, 16 * 1024> room{};
};

asio::io_context& context() {
  static asio::io_context made{1};
  return made;
}

/// Runs what can run now.
void run_loop() {
  context().restart();
  context().poll();
}

struct owner final : isolatte::supervise::talk_owner {
  void talk_refused(const char* reason, std::exception_ptr) noexcept override {
    require(reason != nullptr && !is_refused && !is_over, "a conversation is refused once");
    is_refused = true;
  }
  void talk_over() noexcept override {
    require(!is_over, "a conversation is over once");
    is_over = true;
  }
  bool is_refused = false;
  bool is_over = false;
};

class conversation {
 public:
  conversation(choices& from, records& all)
      : needs_{from.take<std::uint8_t>()},
        window_{from.one_of(windows)},
        most_{from.one_of(limits)},
        all_{all} {
    all_.said.clear();
    all_.heard.clear();
    all_.given.clear();
    talk::settings how{.window = window_, .most = most_};
    how.wish.needs = {has(needs_stops), has(needs_hears), has(needs_speaks)};
    if (has(has_taker)) how.wish.taker = std::make_shared<taker>(*this);
    talk_ = talk::make(context().get_executor(), std::move(how));
    error_code ec;
    job_ = talk_->open(ec);
    require(!ec, "a conversation can be opened");
    talk_->begin(owner_);
  }

  std::size_t most_memory() const noexcept {
    return window_ + 2 * most_ + buffer + most_steps * program_sizes.back() + small_change;
  }

  void run(choices& from) {
    for (std::size_t i = 0; i != most_steps && !from.rest().empty() && !is_closed_; ++i) {
      auto const next = from.take<std::uint8_t>();
      take_step(static_cast<step>((next & ~runs_loop) % steps), from);
      if ((next & runs_loop) != 0) run_loop();
    }
    end();
  }

 private:
  struct taker final : isolatte::detail::message_taker {
    explicit taker(conversation& whose) noexcept : of{whose} {}
    void take(const message& what) override {
      require(!of.has_refused_, "a message that is refused is the last one");
      of.get(what);
    }
    conversation& of;
  };

  bool has(std::uint8_t need) const noexcept { return (needs_ & need) != 0; }

  void take_step(step which, choices& from) {
    switch (which) {
      case step::job_sends_frame: return send_frame(from);
      case step::job_sends_bytes:
        is_honest_ = false;
        write(from.take_bytes(from.take<std::uint8_t>()));
        return;
      case step::job_reads: return read();
      case step::job_gives_credit: {
        read();
        auto const due = heard_ - credited_;
        credited_ = heard_;
        write_frame(talk_kind::credit, due, {});
        return;
      }
      case step::job_closes: return job_.reset();
      case step::program_receives: return receive();
      case step::program_sends: return send(from.one_of(program_sizes));
      case step::program_asks_to_stop:
        if (!talk_->can_stop()) return;
        is_asked_to_stop_ = true;
        return talk_->request_stop();
      case step::program_finishes_sending: is_to_finish_ = true; return talk_->finish_sending();
      case step::program_stops_taking: is_not_to_take_ = true; return talk_->stop_taking();
      case step::program_refuses_next: refuses_next_ = true; return;
      case step::program_closes:
        is_closed_ = true;
        return talk_->close(asio::error::operation_aborted);
    }
  }

  // The job

  /// Sends a frame of any kind. A message may claim more than it has.
  void send_frame(choices& from) {
    auto const kind = static_cast<talk_kind>(from.take<std::uint8_t>() % 8);
    if (kind == talk_kind::message) {
      std::size_t const size = from.one_of(job_sizes);
      return write_frame(kind, size + from.take<std::uint8_t>() / 128,
                         input{all_.filler}.first(size));
    }
    if (kind != talk_kind::wanting) is_honest_ = false;
    write_frame(kind, from.take<std::uint16_t>(), {});
  }

  void write_frame(talk_kind kind, std::uint64_t length, input payload) {
    auto const header = isolatte::logic::make_talk_header(kind, length);
    if (write(std::as_bytes(std::span{&header, 1}))) write(payload);
  }

  /// @return false if there is no room for all of it
  bool write(input some) {
    while (!some.empty()) {
      ssize_t const count =
          ::send(job_.get(), some.data(), some.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count <= 0) return is_honest_ = false;
      append(all_.said, some.first(static_cast<std::size_t>(count)));
      some = some.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }

  void read() {
    for (;;) {
      ssize_t const count = ::recv(job_.get(), all_.room.data(), all_.room.size(), MSG_DONTWAIT);
      if (count <= 0) break;
      append(all_.heard, input{all_.room}.first(static_cast<std::size_t>(count)));
    }
    while (auto const next = heard_frames_.next()) hear(*next);
  }

  void hear(const frame& next) {
    switch (next.kind) {
      case talk_kind::message: {
        require(messages_ != all_.given.size() && next.payload.size() == all_.given[messages_],
                "the job gets what was sent, in its order");
        ++messages_;
        require(!is_finished_, "no message follows the last one");
        auto const under_way = heard_ - credited_;
        auto const cost = cost_of_message(next.payload.size());
        require(!is_honest_ || under_way == 0 || under_way + cost <= window_,
                "no more than the window is under way, or one message");
        heard_ += cost;
        return;
      }
      case talk_kind::credit:
        granted_ += next.length;
        while (said_cost_ < granted_) {
          auto const one = costed_.next_message();
          require(one.has_value(), "credit is given for what was sent");
          said_cost_ += cost_of_message(one->payload.size());
        }
        return;
      case talk_kind::stop:
        require(is_asked_to_stop_ && !std::exchange(is_stopped_, true), "a job is stopped once");
        return;
      case talk_kind::finished:
        require(is_to_finish_ && !std::exchange(is_finished_, true), "messages end once");
        return;
      case talk_kind::unheard:
        require(is_not_to_take_ && !std::exchange(is_unheard_, true), "a job is not heard once");
        return;
      case talk_kind::wanting: return;
    }
    require(false, "the program sends frames that are known");
  }

  // The program

  void receive() {
    ++receives_;
    talk_->async_receive([this](error_code ec, const message& what) {
      --receives_;
      received_ = ec;
      if (!ec) get(what);
    });
  }

  void get(const message& what) {
    auto const sent = got_.next_message();
    require(sent && sent->payload.size() == what.bytes.size() &&
                (what.bytes.empty() ||
                 std::memcmp(sent->payload.data(), what.bytes.data(), what.bytes.size()) == 0),
            "the program gets what was sent, in its order");
    require(has(needs_hears) && what.bytes.size() <= most_, "a message keeps to its limit");
    if (!refuses_next_) return;
    has_refused_ = true;
    what.from->refuse(nullptr);
  }

  void send(std::size_t size) {
    if (!has(needs_speaks)) return;
    byte_buffer text;
    if (size != 0) std::memset(text.extend(size), 's', size);
    all_.given.push_back(size);
    ++sends_;
    talk_->async_send(std::move(text), [this](error_code) { --sends_; });
  }

  void end() {
    if (!is_closed_) talk_->end();
    run_loop();
    require(owner_->is_over, "a conversation is over when its job has ended");
    bool is_complete = has(has_taker) && !owner_->is_refused && !is_closed_;
    if (!has(has_taker) && !is_closed_) {
      do {
        receive();
        run_loop();
        require(receives_ == 0, "after the end no receive waits");
      } while (!received_);
      is_complete = received_ == asio::error::eof;
    }
    if (is_complete && !is_not_to_take_)
      require(!got_.next_message(), "all that the job has said is taken");
    talk_->close(asio::error::operation_aborted);
    std::weak_ptr<talk> const left = std::exchange(talk_, nullptr);
    run_loop();
    require(receives_ == 0 && sends_ == 0, "all that was asked for completes");
    require(left.expired(), "nothing keeps a conversation that is over");
    read();
  }

  std::uint8_t const needs_;
  std::size_t const window_;
  std::size_t const most_;
  records& all_;
  std::shared_ptr<owner> const owner_ = std::make_shared<owner>();
  std::shared_ptr<talk> talk_;
  isolatte::posix::descriptor job_;

  frames got_{all_.said};
  frames costed_{all_.said};
  frames heard_frames_{all_.heard};
  /// The cost of the messages that the job has heard, and the part of it that it has given credit
  /// for.
  std::uint64_t heard_ = 0;
  std::uint64_t credited_ = 0;
  /// The job has given no other credit.
  bool is_honest_ = true;
  std::size_t messages_ = 0;
  /// The credit that the job has got, and what some of its messages cost.
  std::uint64_t granted_ = 0;
  std::uint64_t said_cost_ = 0;
  bool is_stopped_ = false;
  bool is_finished_ = false;
  bool is_unheard_ = false;

  std::size_t receives_ = 0;
  std::size_t sends_ = 0;
  error_code received_;
  bool is_asked_to_stop_ = false;
  bool is_to_finish_ = false;
  bool is_not_to_take_ = false;
  bool refuses_next_ = false;
  bool has_refused_ = false;
  bool is_closed_ = false;
};

void run(input bytes) {
  static records all;
  choices from{bytes};
  conversation what{from, all};
  memory_bound const bound{what.most_memory()};
  what.run(from);
}

/// Has the event loop run after each step.
template <class... More>
void add(bytes& to, step which, More... more) {
  append(to, raw(static_cast<std::uint8_t>(which) | runs_loop, more...));
}

std::vector<bytes> seeds() {
  constexpr std::uint8_t a_message = 1;
  constexpr std::uint8_t a_wish = 6;
  bytes both = raw(needs_stops | needs_hears | needs_speaks, 0, 0);
  for (int i = 0; i != 4; ++i) {
    add(both, step::job_sends_frame, a_message, 0, 0);
    add(both, step::program_sends, 0);
  }
  add(both, step::job_sends_frame, a_wish, 0, 0);
  add(both, step::program_receives);
  add(both, step::job_gives_credit);
  add(both, step::program_asks_to_stop);
  add(both, step::program_finishes_sending);
  add(both, step::job_reads);
  bytes taken = raw(needs_hears | has_taker, 1, 0);
  add(taken, step::job_sends_frame, a_message, 3, 0);
  add(taken, step::job_sends_frame, a_message, 2, 0);
  add(taken, step::program_refuses_next);
  add(taken, step::job_sends_frame, a_message, 0, 0);
  bytes flood = raw(needs_hears, 1, 0);
  for (int i = 0; i != 40; ++i) add(flood, step::job_sends_frame, a_message, 4, 0);
  add(flood, step::program_stops_taking);
  add(flood, step::job_closes);
  bytes false_credit = raw(needs_speaks, 2, 0);
  add(false_credit, step::program_sends, 3);
  add(false_credit, step::job_sends_frame, 2, 0, 4);
  bytes garbage = raw(needs_hears, 3, 1);
  add(garbage, step::job_sends_bytes, 3, 'a', 'b', 'c');
  add(garbage, step::program_closes);
  return {both, taken, flood, false_credit, garbage};
}

registration const registered{{"conversations", &run, &seeds}};

}  // namespace conversations_target
