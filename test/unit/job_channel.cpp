// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/job_channel.hpp"

#include "logic/frame.hpp"
#include "posix/descriptor.hpp"
#include "posix/message_socket.hpp"

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace job_channel_test {

using boost::system::error_code;
using isolatte::logic::job_stage;
using isolatte::posix::descriptor;
using isolatte::posix::job_header;
using isolatte::posix::job_page;
using isolatte::posix::receive_some;
using isolatte::posix::reply_header;
using isolatte::posix::reply_kind;
using isolatte::posix::send_some;

constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

reply_header reply(reply_kind kind, std::uint64_t size) {
  reply_header header;
  header.kind = static_cast<std::uint32_t>(kind);
  header.size = size;
  return header;
}

job_header job(std::uint64_t id, std::uint64_t slot = 0) {
  job_header header;
  header.id = id;
  header.slot = slot;
  return header;
}

/// A page, and what the job writes to it.
struct shared {
  shared() {
    error_code ec;
    descriptor file;
    pool = job_page::make(file, ec);
    BOOST_REQUIRE(!ec);
    worker = job_page::of_file(file.get(), ec);
    BOOST_REQUIRE(!ec);
  }
  std::atomic<std::uint64_t>& word(std::size_t slot) {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(worker.range().first)[slot];
  }

  job_page pool;
  job_page worker;
};

struct connected {
  connected() {
    error_code ec;
    auto ends = isolatte::posix::make_stream_sockets(ec);
    BOOST_REQUIRE(!ec);
    mine = std::move(ends.mine);
    theirs = std::move(ends.theirs);
  }
  descriptor mine;
  descriptor theirs;
  error_code ec;
};

std::span<const std::byte> as_part(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

BOOST_AUTO_TEST_SUITE(job_channel)

BOOST_AUTO_TEST_CASE(each_kind_of_reply_has_a_longest_payload) {
  constexpr std::uint64_t most = 10'000'000;
  auto const exceptions =
      isolatte::logic::payload_limit(isolatte::detail::payload_kind::exception, most);
  struct {
    reply_kind kind;
    std::uint64_t longest;
  } const cases[] = {{reply_kind::value, most},
                     {reply_kind::exception, exceptions},
                     {reply_kind::unencodable, exceptions},
                     {reply_kind::unreceivable, exceptions},
                     {reply_kind::unknown_function, 0},
                     {reply_kind::not_begun, 0},
                     {reply_kind::retires, isolatte::posix::longest_reason}};
  for (auto const& [kind, longest] : cases) {
    BOOST_TEST(reply(kind, 0).well_formed(most));
    BOOST_TEST(reply(kind, longest).well_formed(most));
    BOOST_TEST(!reply(kind, longest + 1).well_formed(most));
    BOOST_TEST(!reply(kind, all).well_formed(most));
    auto other = reply(kind, 0);
    --other.magic;
    BOOST_TEST(!other.well_formed(most));
  }
  for (std::uint32_t kind = 7; kind != 300; ++kind)
    BOOST_TEST(!reply(static_cast<reply_kind>(kind), 0).well_formed(most));
  BOOST_TEST(!reply(static_cast<reply_kind>(0xffffffff), 0).well_formed(most));
}

BOOST_AUTO_TEST_CASE(each_need_is_told_apart) {
  for (bool const stops : {false, true})
    for (bool const hears : {false, true})
      for (bool const speaks : {false, true}) {
        job_header header;
        set_needs(header, {stops, hears, speaks});
        auto const needs = needs_of(header);
        BOOST_TEST(needs.stops == stops);
        BOOST_TEST(needs.hears == hears);
        BOOST_TEST(needs.speaks == speaks);
      }
}

BOOST_FIXTURE_TEST_CASE(one_side_moves_a_job_on, shared) {
  auto const first = job(1, 3);
  pool.offer(first);
  BOOST_TEST((pool.stage(first) == job_stage::not_begun));
  BOOST_TEST(worker.receive(first));
  BOOST_TEST((pool.stage(first) == job_stage::receiving));
  BOOST_TEST(!worker.receive(first));
  BOOST_TEST(!pool.take_back(first));
  BOOST_TEST(!worker.was_taken_back(first));
  worker.begin(first);
  BOOST_TEST((pool.stage(first) == job_stage::begun));
  BOOST_TEST(!pool.take_back(first));

  auto const second = job(2, 3);
  pool.offer(second);
  BOOST_TEST(pool.take_back(second));
  BOOST_TEST(!worker.receive(second));
  BOOST_TEST(worker.was_taken_back(second));
  BOOST_TEST((pool.stage(second) == job_stage::begun));
}

BOOST_FIXTURE_TEST_CASE(jobs_have_places_of_their_own, shared) {
  for (std::uint64_t slot = 0; slot != job_page::slots; ++slot) pool.offer(job(slot + 1, slot));
  for (std::uint64_t slot = 0; slot != job_page::slots; slot += 2)
    BOOST_TEST(worker.receive(job(slot + 1, slot)));
  for (std::uint64_t slot = 1; slot < job_page::slots; slot += 2) {
    auto const one = job(slot + 1, slot);
    BOOST_TEST((pool.stage(one) == job_stage::not_begun));
    worker.begin(one);
    BOOST_TEST((pool.stage(one) == job_stage::begun));
    // No other word has changed.
    BOOST_TEST((pool.stage(job(slot, slot - 1)) == job_stage::receiving));
  }
  // The place that a header names is within the page.
  pool.offer(job(1000, all));
  BOOST_TEST(worker.receive(job(1000, job_page::slots - 1)));
}

BOOST_FIXTURE_TEST_CASE(a_place_that_a_later_job_has_was_taken_back, shared) {
  auto const old = job(100, 1);
  constexpr std::uint64_t most_between = std::uint64_t{1} << 32;
  pool.offer(job(101, 1));
  BOOST_TEST(worker.was_taken_back(old));
  pool.offer(job(100 + most_between - 1, 1));
  BOOST_TEST(worker.was_taken_back(old));
  // A pool gives no such number soon, so something else wrote it.
  pool.offer(job(100 + most_between, 1));
  BOOST_TEST(!worker.was_taken_back(old));
  pool.offer(job(99, 1));
  BOOST_TEST(!worker.was_taken_back(old));
  pool.offer(old);
  BOOST_TEST(!worker.was_taken_back(old));
  word(1) = 0;
  BOOST_TEST(!worker.was_taken_back(old));
}

BOOST_FIXTURE_TEST_CASE(a_word_of_neither_side_counts_as_begun, shared) {
  auto const one = job(5, 2);
  for (std::uint64_t const says : {std::uint64_t{0}, all, std::uint64_t{6} << 2, one.id << 2 | 3}) {
    word(2) = says;
    BOOST_TEST((pool.stage(one) == job_stage::begun));
    BOOST_TEST(!worker.receive(one));
    BOOST_TEST(!pool.take_back(one));
    BOOST_TEST(word(2) == says);
  }
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_no_page) {
  job_page none;
  none.offer(job(1));
  BOOST_TEST(!none.receive(job(1)));
  BOOST_TEST(!none.take_back(job(1)));
  BOOST_TEST((none.stage(job(1)) == job_stage::begun));
}

BOOST_FIXTURE_TEST_CASE(parts_arrive_in_order, connected) {
  std::array const parts{as_part("one"), as_part(""), as_part("three")};
  BOOST_TEST(send_some(mine.get(), parts, ec) == 8u);
  BOOST_TEST(!ec);
  std::array<std::byte, 100> room{};
  BOOST_TEST(receive_some(theirs.get(), std::span{room}.first(5), ec) == 5u);
  BOOST_TEST(receive_some(theirs.get(), std::span{room}.subspan(5), ec) == 3u);
  BOOST_TEST(!ec);
  BOOST_TEST(std::memcmp(room.data(), "onethree", 8) == 0);
  BOOST_TEST(receive_some(theirs.get(), room, ec) == 0u);
  BOOST_TEST((ec == boost::system::errc::resource_unavailable_try_again));
}

BOOST_FIXTURE_TEST_CASE(so_many_parts_go_at_once, connected) {
  std::vector<std::span<const std::byte>> const parts(isolatte::posix::most_parts + 10,
                                                      as_part("x"));
  BOOST_TEST(send_some(mine.get(), parts, ec) == isolatte::posix::most_parts);
  BOOST_TEST(!ec);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_all_is_no_error, connected) {
  isolatte::posix::end_sending(mine.get());
  std::array<std::byte, 10> room{};
  BOOST_TEST(receive_some(theirs.get(), room, ec) == 0u);
  BOOST_TEST(!ec);
  std::array const parts{as_part("one")};
  BOOST_TEST(send_some(mine.get(), parts, ec) == 0u);
  BOOST_TEST((ec == boost::system::errc::broken_pipe));
  // The other direction goes on.
  ec = {};
  BOOST_TEST(send_some(theirs.get(), parts, ec) == 3u);
  BOOST_TEST(!ec);
}

BOOST_FIXTURE_TEST_CASE(a_full_socket_takes_no_more, connected) {
  std::string const much(1 << 20, 'x');
  std::array const parts{as_part(much)};
  while (!ec) send_some(mine.get(), parts, ec);
  BOOST_TEST((ec == boost::system::errc::resource_unavailable_try_again));
}

BOOST_FIXTURE_TEST_CASE(a_descriptor_goes_with_the_first_byte, connected) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  descriptor const out{ends[0]};
  descriptor in{ends[1]};
  std::array const parts{as_part("ab")};
  BOOST_TEST(send_some(mine.get(), parts, ec, in.get()) == 2u);
  BOOST_TEST(!ec);
  in = {};

  std::array<char, 10> room{};
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  BOOST_TEST(::recvmsg(theirs.get(), &message, 0) == 2);
  cmsghdr const* const header = CMSG_FIRSTHDR(&message);
  BOOST_REQUIRE(header != nullptr);
  BOOST_TEST(header->cmsg_level == SOL_SOCKET);
  BOOST_TEST(header->cmsg_type == SCM_RIGHTS);
  BOOST_TEST(header->cmsg_len == CMSG_LEN(sizeof(int)));
  int received = -1;
  std::memcpy(&received, CMSG_DATA(header), sizeof received);
  descriptor const copy{received};
  BOOST_TEST(::write(received, "z", 1) == 1);
  char byte = 0;
  BOOST_TEST(::read(out.get(), &byte, 1) == 1);
  BOOST_TEST(byte == 'z');
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace job_channel_test
