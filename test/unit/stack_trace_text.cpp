// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/stack_trace.hpp"
#include "posix/child_page.hpp"
#include "posix/memory_mapping.hpp"
#include "posix/object_map.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stack_trace_test {

using isolatte::launch::frames_of_the_user;
using isolatte::launch::stack_trace;
using isolatte::posix::fault_record;
using isolatte::posix::object_map;
using isolatte::posix::parse_mapping;

std::size_t kept(const std::vector<std::string>& names) { return frames_of_the_user(names); }

std::uintptr_t own_code() { return reinterpret_cast<std::uintptr_t>(kept); }

BOOST_AUTO_TEST_SUITE(stack_trace_text)

BOOST_AUTO_TEST_CASE(the_librarys_outermost_frames_are_cut) {
  BOOST_TEST(kept({"acme::crash()", "isolatte::v0_1::detail::callable_task<F>::invoke()"}) == 1u);
  BOOST_TEST(kept({"crash()", "isolatte::v0_1::bound_call<int (*)(int), int>::operator()() &&",
                   "isolatte::v0_1::posix::received_task::invoke()"}) == 1u);
}

BOOST_AUTO_TEST_CASE(the_result_types_of_templates_do_not_matter) {
  BOOST_TEST(kept({"crash()", "void isolatte::v0_1::posix::(anonymous namespace)::run<int>(int)",
                   "decltype(auto) isolatte::v0_1::f<int>(int)",
                   "std::pair<int, long> isolatte::v0_1::detail::pass<int (*)(int)>()"}) == 1u);
  BOOST_TEST(kept({"isolatte::outcome<int> acme::work<int>(isolatte::options)"}) == 1u);
  BOOST_TEST(kept({"crash()", "isolatte::outcome<int> (anonymous namespace)::work<int>(int)"}) ==
             2u);
}

BOOST_AUTO_TEST_CASE(the_standard_librarys_frames_go_with_the_librarys) {
  BOOST_TEST(kept({"crash()", "void std::__invoke_impl<void, F>(std::__invoke_other, F&&)",
                   "std::invoke_result<F>::type std::invoke<F>(F&&)",
                   "isolatte::v0_1::detail::callable_task<F>::invoke()"}) == 1u);
  // The frames of another thread stay.
  BOOST_TEST(kept({"crash()", "std::thread::_Invoker<std::tuple<F> >::operator()()"}) == 2u);
}

BOOST_AUTO_TEST_CASE(frames_between_the_users_stay) {
  BOOST_TEST(kept({"acme::crash()", "isolatte::v0_1::output_archive::save(int)",
                   "acme::value::save()", "isolatte::v0_1::detail::codec<F>::encode()"}) == 3u);
  BOOST_TEST(kept({"crash()", "libacme.so+0x12", "isolatte::v0_1::detail::f()", "0x1234"}) == 4u);
}

BOOST_AUTO_TEST_CASE(the_librarys_own_stay_if_there_are_no_others) {
  BOOST_TEST(kept({"isolatte::v0_1::detail::f()", "isolatte::v0_1::detail::g()"}) == 2u);
  BOOST_TEST(kept({}) == 0u);
}

BOOST_AUTO_TEST_CASE(a_mapping_is_read) {
  auto const all = parse_mapping("7f01-7f02 r-xp 00001000 08:01 1234    /lib/a file.so (deleted)");
  BOOST_TEST(all.begin == 0x7f01u);
  BOOST_TEST(all.end == 0x7f02u);
  BOOST_TEST(all.permissions == "r-xp");
  BOOST_TEST(all.offset == 0x1000u);
  BOOST_TEST(all.name == "/lib/a file.so (deleted)");
  BOOST_TEST(parse_mapping("10-20 ---p 00000000 00:00 0 ").name == "");
  BOOST_TEST(parse_mapping("").end == 0u);
  BOOST_TEST(parse_mapping("nonsense").end == 0u);
}

BOOST_AUTO_TEST_CASE(code_is_found_in_its_object_file) {
  object_map const map = object_map::of_this_process();
  auto const place = map.find(own_code());
  BOOST_REQUIRE(place.has_value());
  BOOST_TEST(place->version.has_value());
  BOOST_TEST(place->text().find("+0x") != std::string::npos);
  BOOST_TEST(place->text().find('/') == std::string::npos);
  int on_stack = 0;
  static int of_program = 0;
  for (auto const address :
       {std::uintptr_t{0}, std::uintptr_t{0x1234}, UINTPTR_MAX,
        reinterpret_cast<std::uintptr_t>(&on_stack), reinterpret_cast<std::uintptr_t>(&of_program)})
    BOOST_TEST(!map.find(address).has_value());
  BOOST_TEST(!object_map{}.find(own_code()).has_value());
}

BOOST_AUTO_TEST_CASE(an_address_outside_of_code_has_no_name_to_look_up) {
  fault_record fault;
  fault.frames = {0x1234, own_code()};
  stack_trace trace{object_map::of_this_process(), fault};
  BOOST_TEST(trace.unnamed() == std::vector<std::uintptr_t>{own_code()},
             boost::test_tools::per_element());
  BOOST_TEST(trace.text().starts_with(" #0 0x1234\n #1 "));
}

BOOST_AUTO_TEST_CASE(names_are_kept_until_they_are_too_many) {
  auto const map = object_map::of_this_process();
  auto const unnamed = [&](std::uintptr_t address) {
    fault_record fault;
    fault.frames = {address};
    return stack_trace{map, fault}.unnamed().size();
  };
  auto const name = [&](std::uintptr_t address, const std::string& text) {
    fault_record fault;
    fault.frames = {address};
    stack_trace trace{map, fault};
    trace.name(text + '\n');
    return trace.text();
  };
  BOOST_TEST(unnamed(own_code()) == 1u);
  BOOST_TEST(name(own_code(), "acme::crash()") == " #0 acme::crash()\n");
  BOOST_TEST(unnamed(own_code()) == 0u);
  // A child may record any address of code.
  for (std::uintptr_t i = 1; i != 200; ++i) name(own_code() + i, std::string(64 * 1024, 'x'));
  BOOST_TEST(unnamed(own_code()) == 1u);
  // No name, no entry.
  BOOST_TEST(name(own_code(), "").find("+0x") != std::string::npos);
  BOOST_TEST(unnamed(own_code()) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stack_trace_test
