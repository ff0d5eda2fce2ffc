// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/template_main.hpp"

#include "posix/birth_numbers.hpp"
#include "posix/child/arm_leash.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child/requested_child.hpp"
#include "posix/child/standby_main.hpp"
#include "posix/child_page.hpp"
#include "posix/message_socket.hpp"
#include "posix/process_registry.hpp"
#include "posix/shared_page.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

// A template has one thread, so it may allocate, and so may its children.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

using shared_numbers = shared_page<birth_number_data>;

/// @return whether it is here, and none of this process's children will have it
bool take_birth_numbers(std::vector<descriptor>& received, shared_numbers& numbers) noexcept {
  error_code ec;
  if (received.size() != 1) return false;
  numbers = shared_numbers::of_file(received[0].get(), ec);
  if (!ec) numbers.hide_from_children(ec);
  return !ec;
}

/// Makes a child of this process's parent.
/// @param number where the kernel writes the child's number
/// @param run what the child does; does not return
/// @return the child's number, or 0
template <class Run>
int make_child(std::atomic<int>& number, error_code& ec, Run run) {
  // Brings the page in before the kernel writes to it: a process that is being killed may be
  // refused a page that has yet to come, and the number would be lost with it.
  number = 0;
  signals_blocked const blocked{ec};
  if (ec) return 0;
  pid_t const pid = sys.clone_sibling(&number);
  if (pid == 0) {
    enter_copy();
    run();
  }
  if (pid == -1) ec = last_error();
  return pid == -1 ? 0 : pid;
}

int make_requested(const shared_numbers& numbers, std::span<const std::byte> message,
                   std::vector<descriptor>& received, error_code& ec) {
  requested_child child{message, received, ec};
  if (ec) return 0;
  std::atomic<int>* number = &child.page().data()->pid;
  if (auto const place = read_request(message).birth_place; place != fork_request::none) {
    if (!numbers || place >= numbers->numbers.size()) {
      ec = make_error_code(boost::system::errc::bad_message);
      return 0;
    }
    number = &numbers->numbers[place];
  }
  return make_child(*number, ec, [&] { child.run(); });
}

standby_ends take_ends(std::vector<descriptor>& received, error_code& ec) {
  if (received.size() != 3) {
    ec = make_error_code(boost::system::errc::bad_message);
    return {};
  }
  return {child_page::of_file(received[0].get(), ec), std::move(received[1]),
          std::move(received[2])};
}

int make_standby(int socket, std::span<std::byte> room, std::vector<descriptor>& received,
                 error_code& ec) {
  standby_ends ends = take_ends(received, ec);
  if (ec) return 0;
  return make_child(ends.page.data()->pid, ec,
                    [&] { standby_main(std::move(ends), socket, room); });
}

/// Serves another template's socket, in that template.
[[noreturn]] void serve(int socket) {
  template_main(socket);
  leave(0);
}

/// Becomes another template, which serves the link.
[[noreturn]] void copy_main(int socket, standby_ends& ends) noexcept {
  sys.close(socket);
  child_page_data& page = *ends.page.data();
  error_code ec;
  // Otherwise its children could write to the page in its name.
  ends.page.hide_from_children(ec);
  if (ec) give_up(page, setup_step::page, ec.value());
  if (sys.setpgid(0, 0) == -1) give_up(page, setup_step::process_group, errno);
  if (!arm_leash(ends.leash.get(), true)) give_up(page, setup_step::leash, errno);
  sigset_t none;
  sigemptyset(&none);
  if (sys.sigprocmask(SIG_SETMASK, &none, nullptr) == -1) give_up(page, setup_step::signals, errno);
  serve(ends.link.get());
}

/// Makes another template, which has all that this one has.
int make_copy(int socket, std::vector<descriptor>& received, error_code& ec) {
  standby_ends ends = take_ends(received, ec);
  if (ec) return 0;
  return make_child(ends.page.data()->pid, ec, [&] { copy_main(socket, ends); });
}

/// @return the number of the process that the message asks for; 0 if there is none, and without an
/// error the function is not there
int make_asked(int socket, const shared_numbers& numbers, std::span<std::byte> room,
               std::span<const std::byte> message, std::vector<descriptor>& received,
               error_code& ec) {
  fork_request const request = read_request(message);
  if (request.has(fork_request::orders_standby)) return make_standby(socket, room, received, ec);
  if (request.has(fork_request::orders_template)) return make_copy(socket, received, ec);
  return has_functions(request) ? make_requested(numbers, message, received, ec) : 0;
}

fork_reply answer(int socket, const shared_numbers& numbers, std::span<std::byte> room,
                  std::span<const std::byte> message, std::vector<descriptor>& received,
                  error_code ec) {
  fork_reply reply;
  reply.id = read_request(message).id;
  reply.began = std::chrono::steady_clock::now().time_since_epoch().count();
  if (!ec) reply.pid = make_asked(socket, numbers, room, message, received, ec);
  reply.error = ec.value();
  return reply;
}

}  // namespace

void template_main(int socket) {
  rehearse_call();
  // Not cleared between two requests: every page that is written here is copied while a child has
  // it, too.
  std::vector<std::byte> room(longest_message);
  std::vector<descriptor> received;
  shared_numbers numbers;
  for (;;) {
    error_code ec;
    auto const message = receive_message(socket, room, received, true, ec);
    if (message.size() < sizeof(fork_request)) return;
    if (read_request(message).has(fork_request::brings_birth_numbers)) {
      // The program makes another template, which may do better.
      if (ec || !take_birth_numbers(received, numbers)) return;
      received.clear();
      continue;
    }
    fork_reply const reply = answer(socket, numbers, room, message, received, ec);
    error_code lost;
    send_message(socket, std::as_bytes(std::span{&reply, 1}), {}, true, lost);
    if (lost) return;
    received.clear();
  }
}

namespace {

/// Without it frames have no names.
void make_namer(const template_ends& ends) {
  error_code ignored;
  // A child that could write another number there would have the program reap another process.
  if (hide_from_children(ends.unconfined.page, sizeof *ends.unconfined.page))
    make_child(ends.unconfined.page->pid, ignored, [&] {
      sys.close(ends.socket);
      serve(ends.unconfined.socket);
    });
  sys.close(ends.unconfined.socket);
}

void enter_sandbox_of_children(const template_ends& ends) {
  if (ends.unconfined.page == nullptr) return;
  make_namer(ends);
  enter_deferred_sandbox({});
}

/// The seed's plan for the templates that are made from it.
preload_plan first_of_templates;

class seeded_template_task final : public detail::child_task {
 public:
  static std::unique_ptr<child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<seeded_template_task>(arguments);
  }

  explicit seeded_template_task(std::span<const std::byte> arguments) {
    seeded_template what;
    std::memcpy(&what, arguments.data(), std::min(arguments.size(), sizeof what));
    auto const& given = given_descriptors();
    if (given.size() != (what.has_namer != 0 ? 3U : 1U))
      throw std::runtime_error{"isolatte: a template without its sockets"};
    ends_.socket = given[0];
    ends_.leash_number = what.leash_number;
    if (what.has_namer == 0) return;
    error_code ec;
    page_ = child_page::of_file(given[2], ec);
    // Processes that the preload leaves are not to have it, either.
    if (!ec) page_.hide_from_children(ec);
    if (ec) throw boost::system::system_error{ec, "isolatte: mapping a page"};
    sys.close(given[2]);
    ends_.unconfined = {given[1], page_.data()};
  }

  void invoke() override {
    preload_result const preloaded = run_preload();
    enter_sandbox_of_children(ends_);
    error_code lost;
    send_message(ends_.socket, std::as_bytes(std::span{&preloaded, 1}), {}, true, lost);
    if (!lost) template_main(ends_.socket);
  }
  void encode(detail::byte_buffer&) const override {}

 private:
  /// Ends the socket if the call fails: the program waits for that, and only then for the frame
  /// that says why.
  preload_result run_preload() {
    struct socket_guard {
      int socket;
      ~socket_guard() {
        if (socket != -1) sys.shutdown(socket, SHUT_RDWR);
      }
    } guard{ends_.socket};
    preload_result const result = preload(first_of_templates, ends_.socket, ends_.leash_number);
    guard.socket = -1;
    return result;
  }

  template_ends ends_;
  child_page page_;
};

}  // namespace

template_task::template_task(template_ends ends) : ends_{ends}, code_{loaded_code()} {}

void template_task::invoke() {
  rely_on(code_);
  enter_sandbox_of_children(ends_);
  template_main(ends_.socket);
}

seed_task::seed_task(int socket, preload_plan first)
    : socket_{socket}, first_{first}, code_{loaded_code()} {}

void seed_task::invoke() {
  rely_on(code_);
  first_of_templates = first_;
  template_main(socket_);
}

detail::remote_call preload_call(const seeded_template& what, std::vector<int> given) {
  detail::remote_call call;
  call.entry = &seeded_template_task::make;
  auto const bytes = std::as_bytes(std::span{&what, 1});
  call.arguments.append(bytes.data(), bytes.size());
  call.descriptors = std::move(given);
  return call;
}

}  // namespace isolatte::inline v0_1::posix
