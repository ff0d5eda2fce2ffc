// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception_travel.hpp"

#include <boost/lexical_cast/bad_lexical_cast.hpp>
#include <boost/serialization/access.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>

using namespace exception_travel;

namespace exception_types_test {

class own_text_error final : public std::exception {
 public:
  explicit own_text_error(const char* text) : text_{text} {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};
ISOLATTE_REGISTER_EXCEPTION(own_text_error)

class prefixing_error : public std::exception {
 public:
  explicit prefixing_error(const std::string& text) : text_{"prefix: " + text} {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};
ISOLATTE_REGISTER_EXCEPTION(prefixing_error)

class composing_error : public std::runtime_error {
 public:
  explicit composing_error(const std::string& text) : std::runtime_error("composed: " + text) {}
};
ISOLATTE_REGISTER_EXCEPTION(composing_error)

struct code_error : std::system_error {
  explicit code_error(const std::string& text)
      : std::system_error(std::make_error_code(std::errc::timed_out), text) {}
  code_error(std::error_code code, const std::string& text) : std::system_error(code, text) {}
};
ISOLATTE_REGISTER_EXCEPTION(code_error)

/// No exception of the standard, but it speaks.
class speaking {
 public:
  explicit speaking(const char* text) : text_{text} {}
  const char* what() const noexcept { return text_.c_str(); }

 private:
  std::string text_;
};
ISOLATTE_REGISTER_EXCEPTION(speaking)

struct one_runtime_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct other_runtime_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Can be caught as neither std::runtime_error nor std::exception.
struct two_runtime_errors : one_runtime_error, other_runtime_error {
  two_runtime_errors() : one_runtime_error{"one"}, other_runtime_error{"other"} {}
};

struct no_exception {
  int number = 0;
  std::string text{};

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & number & text;
  }
};
ISOLATTE_REGISTER_EXCEPTION(no_exception)

struct derived_from_no_exception : no_exception {};

struct other_base {
  virtual ~other_base() = default;
  int weight = 0;
};

class many_bases : public other_base, public no_exception, public std::out_of_range {
 public:
  many_bases() : std::out_of_range("") {}
  explicit many_bases(const std::string& text) : std::out_of_range(text) {}
  template <class Archive>
  void serialize(Archive& ar, unsigned v) {
    no_exception::serialize(ar, v);
    ar & weight;
  }
};
ISOLATTE_REGISTER_EXCEPTION(many_bases)

struct stop {};
ISOLATTE_REGISTER_EXCEPTION(stop)

struct not_found : std::exception {
  const char* what() const noexcept override { return "not found"; }
};
ISOLATTE_REGISTER_EXCEPTION(not_found)

template <class A, class B>
struct pair_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(pair_error<int, long>)

enum class failure_kind { small, large };
ISOLATTE_REGISTER_EXCEPTION(failure_kind)

struct uncopyable_error : std::runtime_error {
  explicit uncopyable_error(const std::string& text) : std::runtime_error(text) {}
  uncopyable_error(uncopyable_error&&) = default;
};
ISOLATTE_REGISTER_EXCEPTION(uncopyable_error)

struct clumsy_error : std::runtime_error {
  explicit clumsy_error(const std::string& text) : std::runtime_error(text) {}
  clumsy_error(const clumsy_error& other) : std::runtime_error(other) {
    if (armed) throw 1;
  }
  static inline bool armed = false;
};
ISOLATTE_REGISTER_EXCEPTION(clumsy_error)

struct unspoken_error : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct final_what_error : std::runtime_error {
  using std::runtime_error::runtime_error;
  const char* what() const noexcept final { return "final"; }
};
struct derived_from_final_what : final_what_error {
  using final_what_error::final_what_error;
};

struct private_base_error : private std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct left : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct right : std::logic_error {
  using std::logic_error::logic_error;
};
struct ambiguous_error : left, right {
  ambiguous_error() : left("left"), right("right") {}
  const char* what() const noexcept override { return "ambiguous"; }
};
struct private_tagged : private tagged_error, public std::length_error {
  private_tagged() : tagged_error("hidden"), std::length_error("shown") {}
};

class private_serialize : public std::runtime_error {
 public:
  explicit private_serialize(const std::string& text, int secret = 0)
      : std::runtime_error(text), secret_{secret} {}
  int secret() const { return secret_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & secret_;
  }
  int secret_;
};
ISOLATTE_REGISTER_EXCEPTION(private_serialize)

struct outside_error : std::runtime_error {
  explicit outside_error(const std::string& text) : std::runtime_error(text) {}
  int number = 0;
};
template <class Archive>
void serialize(Archive& ar, outside_error& e, const unsigned) {
  ar & e.number;
}
ISOLATTE_REGISTER_EXCEPTION(outside_error)

template <int N>
struct deep_error : deep_error<N - 1> {
  using deep_error<N - 1>::deep_error;
};
template <>
struct deep_error<0> : tagged_error {
  using tagged_error::tagged_error;
};

}  // namespace exception_types_test

template <>
inline constexpr bool isolatte::what_is_final<exception_types_test::final_what_error> = true;
ISOLATTE_REGISTER_EXCEPTION(exception_types_test::final_what_error)
ISOLATTE_REGISTER_EXCEPTION(char32_t)

using namespace exception_types_test;

BOOST_AUTO_TEST_SUITE(exception_types)

BOOST_AUTO_TEST_SUITE(registered)

BOOST_AUTO_TEST_CASE(serialisable) {
  tagged_error original("tagged", 42);
  original.notes = {"a", "b"};
  auto const arrived = check_same(original);
  auto const* const e = as<tagged_error>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(e->tag == 42);
  BOOST_TEST(e->notes == original.notes, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(by_message) {
  check_same(message_error("message"));
  check_same(own_text_error("own"));
  check_same(pair_error<int, long>("pair"));
}

BOOST_AUTO_TEST_CASE(by_nothing) {
  check_same(not_found());
  BOOST_TEST(as<stop>(arrival_of([] { throw stop(); })));
}

BOOST_AUTO_TEST_CASE(what_the_standard_base_holds_needs_no_serialize) {
  check_same(composing_error("text"));
  auto const arrived =
      check_same(code_error(std::make_error_code(std::errc::broken_pipe), "writing"));
  BOOST_CHECK(as<code_error>(arrived)->code() == std::errc::broken_pipe);
}

BOOST_AUTO_TEST_CASE(a_type_that_decorates_its_message_again_is_remote) {
  prefixing_error const original("text");
  auto const arrived = travel(std::make_exception_ptr(original));
  BOOST_TEST(as<prefixing_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "prefix: text");
}

BOOST_AUTO_TEST_CASE(other_forms_of_serialize) {
  auto const hidden = check_same(private_serialize("private", 99));
  BOOST_TEST(as<private_serialize>(hidden)->secret() == 99);
  outside_error original("outside");
  original.number = 5;
  auto const outside = check_same(original);
  BOOST_TEST(as<outside_error>(outside)->number == 5);
}

BOOST_AUTO_TEST_CASE(no_std_exceptions) {
  auto const object = arrival_of([] { throw no_exception{7, "seven"}; });
  BOOST_REQUIRE(as<no_exception>(object));
  BOOST_TEST(as<no_exception>(object)->number == 7);
  BOOST_TEST(as<no_exception>(object)->text == "seven");
  BOOST_TEST(!as<std::exception>(object));

  auto const letter = arrival_of([] { throw U'x'; });
  BOOST_REQUIRE(as<char32_t>(letter));
  BOOST_CHECK(*as<char32_t>(letter) == U'x');

  auto const kind = arrival_of([] { throw failure_kind::large; });
  BOOST_REQUIRE(as<failure_kind>(kind));
  BOOST_CHECK(*as<failure_kind>(kind) == failure_kind::large);
}

BOOST_AUTO_TEST_CASE(several_bases) {
  many_bases original("many");
  original.weight = 3;
  original.number = 4;
  original.text = "five";
  auto const arrived = check_same(original);
  auto const* const e = as<many_bases>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(e->weight == 3);
  BOOST_TEST(e->number == 4);
  BOOST_TEST(e->text == "five");
  BOOST_TEST(as<std::out_of_range>(arrived));
  BOOST_TEST(as<other_base>(arrived)->weight == 3);
}

BOOST_AUTO_TEST_CASE(not_copyable) {
  auto const arrived = arrival_of([] { throw uncopyable_error("moved"); });
  BOOST_TEST(is_exactly<uncopyable_error>(arrived));
  BOOST_TEST(what_of(arrived) == "moved");
}

BOOST_AUTO_TEST_CASE(copying_throws) {
  auto const thrown = thrown_by([] { throw clumsy_error("clumsy"); });
  BOOST_TEST(is_exactly<clumsy_error>(travel(thrown)));
  clumsy_error::armed = true;
  auto const arrived = travel(thrown);
  clumsy_error::armed = false;
  BOOST_TEST(!as<clumsy_error>(arrived));
  BOOST_TEST(as<std::runtime_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "exception_types_test::clumsy_error");
  BOOST_TEST(what_of(arrived) == "clumsy");
}

BOOST_AUTO_TEST_SUITE_END()

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(unregistered)

BOOST_AUTO_TEST_CASE(nearest_base_and_remote) {
  decorated_error original("base text", 8);
  auto const arrived = travel(std::make_exception_ptr(original));
  auto const* const e = as<tagged_error>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(e->tag == 8);
  BOOST_TEST(e->what() == std::string("decorated"));
  BOOST_TEST(e->std::runtime_error::what() == std::string("base text"));
  auto const* const remote = as<remote_exception>(arrived);
  BOOST_REQUIRE(remote);
  BOOST_TEST(remote->type_name() == "exception_travel::decorated_error");
  BOOST_TEST(remote->message() == "decorated");
  BOOST_TEST(remote->diagnostics().empty());
}

BOOST_AUTO_TEST_CASE(far_base) {
  auto const arrived = arrival_of([] { throw deep_error<20>("deep", 1); });
  BOOST_REQUIRE(as<tagged_error>(arrived));
  BOOST_TEST(as<tagged_error>(arrived)->tag == 1);
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "exception_types_test::deep_error<20>");
}

BOOST_AUTO_TEST_CASE(standard_base) {
  struct local_error : std::system_error {
    using std::system_error::system_error;
  };
  auto const arrived = arrival_of(
      [] { throw local_error(std::make_error_code(std::errc::is_a_directory), "local"); });
  BOOST_REQUIRE(as<std::system_error>(arrived));
  BOOST_CHECK(as<std::system_error>(arrived)->code() == std::errc::is_a_directory);
  BOOST_TEST(as<remote_exception>(arrived));

  auto const cast = arrival_of([] { throw boost::bad_lexical_cast(typeid(int), typeid(char)); });
  BOOST_TEST(as<std::bad_cast>(cast));
  BOOST_TEST(as<remote_exception>(cast)->type_name() == "boost::bad_lexical_cast");
  BOOST_TEST(what_of(cast) == std::string(boost::bad_lexical_cast().what()));
}

template <class T>
void check_value(T value, std::string_view text, std::string_view type = {}) {
  auto const arrived = travel(std::make_exception_ptr(value));
  BOOST_TEST_CONTEXT(typeid(T).name()) {
    auto const* const remote = as<remote_exception>(arrived);
    BOOST_REQUIRE(remote);
    BOOST_TEST(as<std::exception>(arrived));
    BOOST_TEST(remote->message() == text);
    BOOST_TEST(what_of(arrived) == text);
    if (!type.empty()) BOOST_TEST(remote->type_name() == type);
  }
}

BOOST_AUTO_TEST_CASE(numbers_and_texts) {
  check_value(42, "42", "int");
  check_value(42u, "42", "unsigned int");
  check_value(-42L, "-42", "long");
  check_value(42ull, "42");
  check_value('c', "c", "char");
  check_value(true, "true", "bool");
  check_value(short{-1}, "-1");
  check_value(2.5, "2.5", "double");
  check_value(2.5f, "2.5");
  check_value(2.5L, "2.5");
  check_value(std::numeric_limits<double>::lowest(), "-1.7976931348623157e+308");
  check_value(std::numeric_limits<double>::infinity(), "inf");
  check_value(static_cast<const char*>("text"), "text", "char const*");
  check_value(std::string("string"), "string");
  check_value(std::string_view("view"), "view");
  check_value(std::make_error_code(std::errc::timed_out),
              "generic:110: " + std::generic_category().message(110));
  char changeable[] = "changeable";
  check_value(static_cast<char*>(changeable), "changeable");
}

BOOST_AUTO_TEST_CASE(silent_things) {
  struct silent {};
  auto const check = [](const std::exception_ptr& p, std::string_view type) {
    auto const arrived = travel(p);
    BOOST_REQUIRE(as<remote_exception>(arrived));
    BOOST_TEST(as<remote_exception>(arrived)->message().empty());
    BOOST_TEST(what_of(arrived).find(type) != std::string::npos);
  };
  check(std::make_exception_ptr(silent()), "silent");
  check(std::make_exception_ptr(nullptr), "nullptr");
  check(std::make_exception_ptr(static_cast<const char*>(nullptr)), "char const*");
  int number = 0;
  check(std::make_exception_ptr(&number), "int*");
  check(std::make_exception_ptr(&silent_things::test_method), "silent_things");
  auto const quiet = arrival_of([] { throw unspoken_error(); });
  BOOST_TEST(as<remote_exception>(quiet)->message().empty());
  BOOST_TEST(what_of(quiet).find("unspoken_error") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(text_with_zero_bytes) {
  std::string const text("a\0b", 3);
  auto const arrived = travel(std::make_exception_ptr(text));
  BOOST_TEST(as<remote_exception>(arrived)->message() == text);
}

BOOST_AUTO_TEST_CASE(base_that_is_no_std_exception) {
  derived_from_no_exception original;
  original.number = 6;
  auto const arrived = travel(std::make_exception_ptr(original));
  BOOST_REQUIRE(as<no_exception>(arrived));
  BOOST_TEST(as<no_exception>(arrived)->number == 6);
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<std::exception>(arrived));
}

BOOST_AUTO_TEST_CASE(inaccessible_bases) {
  auto const hidden = arrival_of([] { throw private_base_error("hidden"); });
  BOOST_TEST(!as<std::runtime_error>(hidden));
  BOOST_TEST(as<std::exception>(hidden));
  BOOST_TEST(as<remote_exception>(hidden)->type_name() ==
             "exception_types_test::private_base_error");

  auto const ambiguous = arrival_of([] { throw ambiguous_error(); });
  BOOST_TEST(as<remote_exception>(ambiguous)->type_name() ==
             "exception_types_test::ambiguous_error");
  BOOST_TEST(as<std::runtime_error>(ambiguous));
  BOOST_TEST(what_of(ambiguous) == "ambiguous");

  auto const other = arrival_of([] { throw private_tagged(); });
  BOOST_TEST(!as<tagged_error>(other));
  BOOST_TEST(as<remote_exception>(other));
}

BOOST_AUTO_TEST_CASE(bases_that_are_there_twice_and_catch_nothing) {
  auto const twice = arrival_of([] { throw two_runtime_errors(); });
  BOOST_TEST(!as<std::runtime_error>(twice));
  BOOST_REQUIRE(as<remote_exception>(twice));
  BOOST_TEST(as<remote_exception>(twice)->type_name() ==
             "exception_types_test::two_runtime_errors");

  struct one : no_exception {};
  struct other : no_exception {};
  struct both : one, other {};
  auto const registered = arrival_of([] { throw both(); });
  BOOST_TEST(!as<no_exception>(registered));
  BOOST_TEST(as<remote_exception>(registered));
}

BOOST_AUTO_TEST_CASE(what_is_no_std_exception_may_have_a_message) {
  auto const same = arrival_of([] { throw speaking("text"); });
  BOOST_REQUIRE(as<speaking>(same));
  BOOST_TEST(as<speaking>(same)->what() == std::string("text"));

  struct louder : speaking {
    louder() : speaking("loud") {}
  };
  auto const base = arrival_of([] { throw louder(); });
  BOOST_REQUIRE(as<speaking>(base));
  BOOST_TEST(as<speaking>(base)->what() == std::string("loud"));
  BOOST_REQUIRE(as<remote_exception>(base));
  BOOST_TEST(as<remote_exception>(base)->message() == "loud");
}

BOOST_AUTO_TEST_CASE(final_what) {
  check_same(final_what_error("x"));
  auto const arrived = arrival_of([] { throw derived_from_final_what("hidden"); });
  BOOST_REQUIRE(as<final_what_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "final");
  BOOST_TEST(as<std::runtime_error>(arrived)->std::runtime_error::what() == std::string("hidden"));
}

BOOST_AUTO_TEST_CASE(travels_twice) {
  auto const once = arrival_of([] { throw decorated_error("base", 8); });
  auto const twice = travel(once);
  BOOST_REQUIRE(as<tagged_error>(twice));
  BOOST_TEST(as<tagged_error>(twice)->tag == 8);
  BOOST_TEST(as<remote_exception>(twice)->type_name() == "exception_travel::decorated_error");
  BOOST_TEST(what_of(twice) == "decorated");

  auto const number = travel(arrival_of([] { throw 42u; }));
  BOOST_TEST(as<remote_exception>(number)->type_name() == "unsigned int");
  BOOST_TEST(as<remote_exception>(number)->message() == "42");

  struct silent {};
  auto const quiet = travel(arrival_of([] { throw silent(); }));
  BOOST_TEST(as<remote_exception>(quiet)->message().empty());
  BOOST_TEST(what_of(quiet).find("silent") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
