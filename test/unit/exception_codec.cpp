// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/byte_buffer.hpp>
#include <isolatte/detail/exception_codec.hpp>
#include <isolatte/detail/malformed_frame.hpp>
#include <isolatte/exception.hpp>
#include <isolatte/serialization.hpp>

#include <boost/exception/diagnostic_information.hpp>
#include <boost/exception/enable_current_exception.hpp>
#include <boost/exception/enable_error_info.hpp>
#include <boost/exception/get_error_info.hpp>
#include <boost/exception/info.hpp>
#include <boost/lexical_cast/bad_lexical_cast.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/throw_exception.hpp>

#include <any>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <ios>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <variant>
#include <vector>

namespace codec_test {

namespace detail = isolatte::detail;
using isolatte::remote_exception;

constexpr std::size_t no_limit = std::size_t{1} << 40;

detail::byte_buffer encode(const std::exception_ptr& thrown, std::size_t limit = no_limit) {
  detail::byte_buffer out;
  detail::encode_exception(out, thrown, limit);
  BOOST_TEST(out.size() <= limit);
  return out;
}

std::exception_ptr travel(const std::exception_ptr& thrown, std::size_t limit = no_limit) {
  return detail::decode_exception(encode(thrown, limit).bytes());
}

template <class F>
std::exception_ptr thrown_by(F&& f) {
  try {
    f();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

template <class F>
std::exception_ptr arrival_of(F&& f) {
  return travel(thrown_by(f));
}

/// The exception as an E, valid as long as the pointer.
template <class E>
const E* as(const std::exception_ptr& p) {
  try {
    std::rethrow_exception(p);
  } catch (const E& e) {
    return &e;
  } catch (...) {
    return nullptr;
  }
}

template <class E>
bool is_exactly(const std::exception_ptr& p) {
  const E* const e = as<E>(p);
  return e && typeid(*e) == typeid(E);
}

std::string what_of(const std::exception_ptr& p) {
  auto const* const e = as<std::exception>(p);
  return e ? e->what() : "no std::exception";
}

/// Arrives as what it is, with what it says.
template <class E>
std::exception_ptr check_same(const E& original) {
  auto const sent = std::make_exception_ptr(original);
  auto const arrived = travel(sent);
  BOOST_TEST_CONTEXT(typeid(E).name()) {
    BOOST_TEST(is_exactly<E>(arrived));
    BOOST_TEST(what_of(arrived) == std::string(original.what()));
    BOOST_TEST(!as<remote_exception>(arrived));
  }
  return arrived;
}

std::exception_ptr next(const std::exception_ptr& p) {
  auto const* const e = as<std::exception>(p);
  BOOST_REQUIRE(e);
  try {
    std::rethrow_if_nested(*e);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

// ---------------------------------------------------------------------------------------------
// Types of users

struct tagged_error : std::runtime_error {
  explicit tagged_error(const std::string& message, int tag = 0)
      : std::runtime_error(message), tag(tag) {}
  int tag;
  std::vector<std::string> notes{};

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & tag & notes;
  }
};
ISOLATTE_REGISTER_EXCEPTION(tagged_error)
ISOLATTE_REGISTER_EXCEPTION(tagged_error)

struct decorated_error : tagged_error {
  using tagged_error::tagged_error;
  const char* what() const noexcept override { return "decorated"; }
};

class message_error : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};
ISOLATTE_REGISTER_EXCEPTION(message_error);

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

enum class failure_kind { small, large };
ISOLATTE_REGISTER_EXCEPTION(failure_kind)

template <class A, class B>
struct pair_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(pair_error<int, long>)

struct nesting_error : std::runtime_error, std::nested_exception {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(nesting_error)

struct unregistered_nesting_error : std::range_error, std::nested_exception {
  using std::range_error::range_error;
};

struct boost_error : virtual std::exception, virtual boost::exception {
  const char* what() const noexcept override { return "boost error"; }
  int level = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & level;
  }
};
ISOLATTE_REGISTER_EXCEPTION(boost_error)

struct unregistered_boost_error : std::domain_error, boost::exception {
  using std::domain_error::domain_error;
};
struct bare_boost_error : boost::exception {};

struct refusing_error : std::overflow_error {
  using std::overflow_error::overflow_error;
  static inline bool on_save = true;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (on_save == Archive::is_saving::value) throw std::string("refused");
  }
};
ISOLATTE_REGISTER_EXCEPTION(refusing_error)

struct refusing_derived_error : tagged_error {
  using tagged_error::tagged_error;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    throw std::bad_alloc();
  }
};
ISOLATTE_REGISTER_EXCEPTION(refusing_derived_error)

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

const std::error_category& odd_category() {
  struct category final : std::error_category {
    const char* name() const noexcept override { return "odd"; }
    std::string message(int) const override { return "odd message"; }
  };
  static const category instance;
  return instance;
}

}  // namespace codec_test

template <>
inline constexpr bool isolatte::what_is_final<codec_test::final_what_error> = true;
ISOLATTE_REGISTER_EXCEPTION(codec_test::final_what_error)
ISOLATTE_REGISTER_EXCEPTION(char32_t)

using namespace codec_test;

BOOST_AUTO_TEST_SUITE(exception_codec)

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(standard_types)

BOOST_AUTO_TEST_CASE(those_with_a_message) {
  check_same(std::logic_error("logic"));
  check_same(std::domain_error("domain"));
  check_same(std::invalid_argument("argument"));
  check_same(std::length_error("length"));
  check_same(std::out_of_range("range"));
  check_same(std::runtime_error("runtime"));
  check_same(std::range_error("range"));
  check_same(std::overflow_error("overflow"));
  check_same(std::underflow_error("underflow"));
  check_same(std::runtime_error(""));
}

BOOST_AUTO_TEST_CASE(those_with_a_fixed_message) {
  check_same(std::exception());
  check_same(std::bad_exception());
  check_same(std::bad_alloc());
  check_same(std::bad_array_new_length());
  check_same(std::bad_cast());
  check_same(std::bad_any_cast());
  check_same(std::bad_typeid());
  check_same(std::bad_weak_ptr());
  check_same(std::bad_function_call());
  check_same(std::bad_optional_access());
  check_same(std::bad_variant_access());
}

BOOST_AUTO_TEST_CASE(system_error_keeps_code_and_text) {
  auto const check = [](const std::system_error& original) {
    auto const arrived = check_same(original);
    auto const* const e = as<std::system_error>(arrived);
    BOOST_REQUIRE(e);
    BOOST_CHECK(e->code() == original.code());
    BOOST_CHECK(&e->code().category() == &original.code().category());
  };
  check(std::system_error(std::make_error_code(std::errc::permission_denied), "opening"));
  check(std::system_error(std::make_error_code(std::errc::permission_denied)));
  check(std::system_error(ENOENT, std::system_category(), "reading"));
  check(std::system_error(ENOENT, std::system_category(), ""));
  check(std::system_error(std::make_error_code(std::io_errc::stream), "stream"));
  check(std::system_error(std::make_error_code(std::future_errc::no_state), "future"));
  check(std::system_error(std::error_code()));
}

BOOST_AUTO_TEST_CASE(unknown_category_stays_visible) {
  auto const arrived =
      travel(std::make_exception_ptr(std::system_error(7, odd_category(), "doing odd things")));
  auto const* const e = as<std::system_error>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(e->what() == std::string("doing odd things: odd message"));
  BOOST_TEST(e->code().value() == 7);
  BOOST_TEST(e->code().message().find("odd message") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(filesystem_error_keeps_paths) {
  using std::filesystem::filesystem_error;
  std::error_code const code = std::make_error_code(std::errc::no_such_file_or_directory);
  auto const check = [](const filesystem_error& original) {
    auto const arrived = check_same(original);
    auto const* const e = as<filesystem_error>(arrived);
    BOOST_REQUIRE(e);
    BOOST_TEST(e->path1() == original.path1());
    BOOST_TEST(e->path2() == original.path2());
    BOOST_CHECK(e->code() == original.code());
    BOOST_TEST(e->std::system_error::what() == std::string(original.std::system_error::what()));
  };
  check(filesystem_error("nowhere", code));
  check(filesystem_error("one", "/a/b", code));
  check(filesystem_error("two", "/a/b", "c", code));
  check(filesystem_error("second only", "", "c", code));
  check(filesystem_error("", "/a", code));
  check(filesystem_error("wide", std::filesystem::path(u8"/ä/€"), code));
  auto const arrived = arrival_of([] { (void)std::filesystem::file_size("/nonexistent/file"); });
  BOOST_TEST(is_exactly<filesystem_error>(arrived));
  BOOST_TEST(as<filesystem_error>(arrived)->path1() == "/nonexistent/file");
}

BOOST_AUTO_TEST_CASE(stream_failure) {
  auto const arrived =
      check_same(std::ios_base::failure("written", std::make_error_code(std::errc::io_error)));
  BOOST_CHECK(as<std::ios_base::failure>(arrived)->code() == std::errc::io_error);
  // What the library itself throws need not be of the documented type.
  auto const thrown = thrown_by([] {
    std::ifstream file;
    file.exceptions(std::ios::failbit);
    file.open("/nonexistent/file");
  });
  auto const copy = travel(thrown);
  BOOST_TEST(is_exactly<std::ios_base::failure>(copy));
  BOOST_TEST(what_of(copy) == what_of(thrown));
  BOOST_CHECK(as<std::ios_base::failure>(copy)->code() == std::io_errc::stream);
}

BOOST_AUTO_TEST_CASE(future_error_keeps_its_code) {
  auto const arrived = check_same(std::future_error(std::future_errc::broken_promise));
  BOOST_CHECK(as<std::future_error>(arrived)->code() == std::future_errc::broken_promise);
}

BOOST_AUTO_TEST_CASE(regex_error_keeps_code_and_text) {
  check_same(std::regex_error(std::regex_constants::error_brack));
  auto const thrown = thrown_by([] { std::regex("(unclosed"); });
  auto const arrived = travel(thrown);
  BOOST_TEST(is_exactly<std::regex_error>(arrived));
  BOOST_TEST(what_of(arrived) == what_of(thrown));
  BOOST_TEST(as<std::regex_error>(arrived)->code() == as<std::regex_error>(thrown)->code());
}

BOOST_AUTO_TEST_CASE(variant_access_keeps_its_reason) {
  struct fragile {
    fragile() = default;
    explicit fragile(int) { throw 0; }
    fragile(const fragile&) noexcept(false) {}
  };
  std::variant<int, fragile> v(0);
  auto const check = [](const std::exception_ptr& thrown) {
    auto const arrived = travel(thrown);
    BOOST_TEST(is_exactly<std::bad_variant_access>(arrived));
    BOOST_TEST(what_of(arrived) == what_of(thrown));
  };
  check(thrown_by([&] { (void)std::get<1>(v); }));
  BOOST_CHECK_THROW(v.emplace<1>(0), int);
  BOOST_REQUIRE(v.valueless_by_exception());
  check(thrown_by([&] { (void)std::get<0>(v); }));
  check(thrown_by([&] { std::visit([](auto&) {}, v); }));
}

BOOST_AUTO_TEST_CASE(those_the_library_throws) {
  auto const check = [](auto f, auto type) {
    auto const thrown = thrown_by(f);
    auto const arrived = travel(thrown);
    using E = typename decltype(type)::type;
    BOOST_TEST(is_exactly<E>(arrived));
    BOOST_TEST(what_of(arrived) == what_of(thrown));
  };
  check([] { (void)std::stoi("x"); }, std::type_identity<std::invalid_argument>());
  check([] { (void)std::vector<int>().at(3); }, std::type_identity<std::out_of_range>());
  check([] { (void)std::optional<int>().value(); }, std::type_identity<std::bad_optional_access>());
  check([] { (void)std::any_cast<int>(std::any('c')); }, std::type_identity<std::bad_any_cast>());
  check([] { std::function<void()>()(); }, std::type_identity<std::bad_function_call>());
  check([] { (void)std::shared_ptr<int>(std::weak_ptr<int>()); },
        std::type_identity<std::bad_weak_ptr>());
}

BOOST_AUTO_TEST_CASE(boost_system_error) {
  namespace bs = boost::system;
  bs::system_error const original(bs::error_code(ENOENT, bs::system_category()), "connecting");
  auto const arrived = check_same(original);
  BOOST_CHECK(as<bs::system_error>(arrived)->code() == original.code());
}

BOOST_AUTO_TEST_SUITE_END()

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(registered_types)

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
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "codec_test::clumsy_error");
  BOOST_TEST(what_of(arrived) == "clumsy");
}

BOOST_AUTO_TEST_SUITE_END()

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(unregistered_types)

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
  BOOST_TEST(remote->type_name() == "codec_test::decorated_error");
  BOOST_TEST(remote->message() == "decorated");
  BOOST_TEST(remote->diagnostics().empty());
}

BOOST_AUTO_TEST_CASE(far_base) {
  auto const arrived = arrival_of([] { throw deep_error<20>("deep", 1); });
  BOOST_REQUIRE(as<tagged_error>(arrived));
  BOOST_TEST(as<tagged_error>(arrived)->tag == 1);
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "codec_test::deep_error<20>");
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
  BOOST_TEST(as<remote_exception>(hidden)->type_name() == "codec_test::private_base_error");

  auto const ambiguous = arrival_of([] { throw ambiguous_error(); });
  BOOST_TEST(as<remote_exception>(ambiguous)->type_name() == "codec_test::ambiguous_error");
  BOOST_TEST(as<std::runtime_error>(ambiguous));
  BOOST_TEST(what_of(ambiguous) == "ambiguous");

  auto const other = arrival_of([] { throw private_tagged(); });
  BOOST_TEST(!as<tagged_error>(other));
  BOOST_TEST(as<remote_exception>(other));
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
  BOOST_TEST(as<remote_exception>(twice)->type_name() == "codec_test::decorated_error");
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

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(boost_exceptions)

using info_number = boost::error_info<struct info_number_tag, int>;
using info_text = boost::error_info<struct info_text_tag, std::string>;

BOOST_AUTO_TEST_CASE(throw_exception_keeps_type_and_place) {
  auto const thrown = thrown_by([] { BOOST_THROW_EXCEPTION(std::range_error("thrown")); });
  auto const arrived = travel(thrown);
  BOOST_REQUIRE(as<std::range_error>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "thrown");
  auto const* const e = as<boost::exception>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(*boost::get_error_info<boost::throw_file>(*e) == std::string(__FILE__));
  auto const here = boost::get_throw_location(*as<boost::exception>(thrown));
  auto const there = boost::get_throw_location(*e);
  BOOST_TEST(there.line() == here.line());
  BOOST_TEST(there.column() == here.column());
  BOOST_TEST(there.function_name() == std::string(here.function_name()));
  std::string const text = boost::diagnostic_information(*e);
  BOOST_TEST(text.find(__FILE__) != std::string::npos);
  BOOST_TEST(text.find("thrown") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_a_place) {
  auto const arrived = arrival_of([] { boost::throw_exception(std::range_error("thrown")); });
  BOOST_REQUIRE(as<std::range_error>(arrived));
  auto const* const e = as<boost::exception>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(!boost::get_error_info<boost::throw_file>(*e));
  BOOST_TEST(!boost::get_error_info<boost::throw_line>(*e));
}

BOOST_AUTO_TEST_CASE(registered_type_in_a_wrapper) {
  auto const arrived = arrival_of([] { BOOST_THROW_EXCEPTION(tagged_error("tagged", 11)); });
  BOOST_REQUIRE(as<tagged_error>(arrived));
  BOOST_TEST(as<tagged_error>(arrived)->tag == 11);
  BOOST_TEST(as<boost::exception>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(system_error_in_a_wrapper) {
  namespace bs = boost::system;
  auto const arrived = arrival_of([] {
    BOOST_THROW_EXCEPTION(bs::system_error(bs::error_code(EPIPE, bs::system_category()), "pipe"));
  });
  BOOST_REQUIRE(as<bs::system_error>(arrived));
  BOOST_CHECK(as<bs::system_error>(arrived)->code() == bs::errc::broken_pipe);
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(unregistered_type_in_a_wrapper) {
  auto const arrived = arrival_of([] { BOOST_THROW_EXCEPTION(decorated_error("text", 12)); });
  BOOST_REQUIRE(as<tagged_error>(arrived));
  BOOST_TEST(as<tagged_error>(arrived)->tag == 12);
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "codec_test::decorated_error");
  BOOST_TEST(as<boost::exception>(arrived));
  std::string const text = as<remote_exception>(arrived)->diagnostics();
  BOOST_TEST(text.find(__FILE__) != std::string::npos);
  BOOST_TEST(text.find("codec_test::decorated_error") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(old_wrappers) {
  auto const arrived = arrival_of([] {
    throw boost::enable_current_exception(boost::enable_error_info(std::underflow_error("old"))
                                          << info_number(5));
  });
  BOOST_REQUIRE(as<std::underflow_error>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
  BOOST_REQUIRE(as<boost::exception>(arrived));
  BOOST_TEST(what_of(arrived) == "old");
}

BOOST_AUTO_TEST_CASE(infos_as_text) {
  auto const thrown = thrown_by([] {
    throw boost::enable_error_info(std::runtime_error("with infos"))
        << info_number(77) << info_text("a note");
  });
  auto const check = [](const std::exception_ptr& p) {
    BOOST_REQUIRE(as<boost::exception>(p));
    std::string const text = boost::diagnostic_information(*as<boost::exception>(p));
    BOOST_TEST(text.find("info_number_tag*] = 77\n") != std::string::npos);
    BOOST_TEST(text.find("info_text_tag*] = a note\n") != std::string::npos);
  };
  auto const arrived = travel(thrown);
  check(arrived);
  check(travel(arrived));
  BOOST_TEST(is_exactly<std::runtime_error>(arrived) == false);
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(infos_outlive_the_frame) {
  std::exception_ptr arrived = arrival_of([] { BOOST_THROW_EXCEPTION(std::range_error("x")); });
  std::string text;
  try {
    std::rethrow_exception(std::exchange(arrived, nullptr));
  } catch (const boost::exception& e) {
    struct copy : boost::exception {
      explicit copy(const boost::exception& e) : boost::exception(e) {}
    };
    auto const kept = std::make_unique<copy>(e);
    arrived = nullptr;
    text = *boost::get_error_info<boost::throw_file>(*kept);
  }
  BOOST_TEST(text == __FILE__);
}

BOOST_AUTO_TEST_CASE(types_that_are_boost_exceptions) {
  auto const arrived = arrival_of([] {
    boost_error e;
    e.level = 3;
    e << info_number(1);
    BOOST_THROW_EXCEPTION(e);
  });
  BOOST_REQUIRE(as<boost_error>(arrived));
  BOOST_TEST(as<boost_error>(arrived)->level == 3);
  BOOST_TEST(is_exactly<boost_error>(arrived));
  std::string const text = boost::diagnostic_information(*as<boost_error>(arrived));
  BOOST_TEST(text.find("info_number_tag*] = 1") != std::string::npos);
  BOOST_TEST(text.find(__FILE__) != std::string::npos);

  auto const other = arrival_of([] { throw unregistered_boost_error("domain") << info_number(2); });
  BOOST_TEST(as<std::domain_error>(other));
  BOOST_TEST(as<boost::exception>(other));
  BOOST_REQUIRE(as<remote_exception>(other));
  BOOST_TEST(as<remote_exception>(other)->diagnostics().find("= 2") != std::string::npos);

  auto const bare = arrival_of([] { throw bare_boost_error() << info_number(3); });
  BOOST_TEST(as<std::exception>(bare));
  BOOST_TEST(as<boost::exception>(bare));
  BOOST_TEST(as<remote_exception>(bare)->type_name() == "codec_test::bare_boost_error");
}

BOOST_AUTO_TEST_CASE(what_that_is_the_diagnostic_information) {
  struct talkative : std::exception, boost::exception {
    const char* what() const noexcept override { return boost::diagnostic_information_what(*this); }
  };
  auto const thrown = thrown_by([] { throw talkative() << info_number(4); });
  auto const arrived = travel(thrown);
  BOOST_TEST(what_of(arrived) == what_of(thrown));
}

BOOST_AUTO_TEST_CASE(throw_with_location) {
  auto const arrived = arrival_of([] { boost::throw_with_location(std::range_error("located")); });
  BOOST_TEST(as<std::range_error>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_SUITE_END()

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(nested_exceptions)

template <class Innermost>
void throw_chain(int depth, Innermost innermost) {
  if (depth == 0) return innermost();
  try {
    throw_chain(depth - 1, innermost);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(depth)));
  }
}

BOOST_AUTO_TEST_CASE(level_by_level) {
  auto p = arrival_of([] {
    throw_chain(3, [] {
      throw std::system_error(std::make_error_code(std::errc::bad_address), "innermost");
    });
  });
  for (int depth = 3; depth > 0; --depth) {
    BOOST_TEST(as<std::runtime_error>(p));
    BOOST_TEST(as<std::nested_exception>(p));
    BOOST_TEST(!as<remote_exception>(p));
    BOOST_TEST(what_of(p) == "level " + std::to_string(depth));
    p = next(p);
    BOOST_REQUIRE(p);
  }
  BOOST_TEST(is_exactly<std::system_error>(p));
  BOOST_CHECK(as<std::system_error>(p)->code() == std::errc::bad_address);
  BOOST_CHECK(!next(p));
}

BOOST_AUTO_TEST_CASE(registered_types_in_the_chain) {
  auto const p = arrival_of([] {
    try {
      try {
        throw decorated_error("inner", 1);
      } catch (...) {
        std::throw_with_nested(tagged_error("middle", 2));
      }
    } catch (...) {
      std::throw_with_nested(message_error("outer"));
    }
  });
  BOOST_TEST(as<message_error>(p));
  BOOST_TEST(!as<remote_exception>(p));
  auto const middle = next(p);
  BOOST_REQUIRE(as<tagged_error>(middle));
  BOOST_TEST(as<tagged_error>(middle)->tag == 2);
  BOOST_TEST(!as<remote_exception>(middle));
  auto const inner = next(middle);
  BOOST_REQUIRE(as<tagged_error>(inner));
  BOOST_TEST(as<tagged_error>(inner)->tag == 1);
  BOOST_TEST(as<remote_exception>(inner));
  BOOST_TEST(what_of(inner) == "decorated");
}

BOOST_AUTO_TEST_CASE(unregistered_outer_keeps_inner) {
  auto const p = arrival_of([] {
    try {
      throw 42u;
    } catch (...) {
      std::throw_with_nested(decorated_error("outer", 3));
    }
  });
  BOOST_REQUIRE(as<tagged_error>(p));
  BOOST_TEST(as<remote_exception>(p)->type_name() == "codec_test::decorated_error");
  auto const inner = next(p);
  BOOST_REQUIRE(as<remote_exception>(inner));
  BOOST_TEST(as<remote_exception>(inner)->message() == "42");
}

BOOST_AUTO_TEST_CASE(types_that_nest_by_themselves) {
  auto const p = arrival_of([] {
    try {
      try {
        throw std::out_of_range("inner");
      } catch (...) {
        throw nesting_error("middle");
      }
    } catch (...) {
      throw unregistered_nesting_error("outer");
    }
  });
  BOOST_TEST(as<std::range_error>(p));
  BOOST_TEST(as<remote_exception>(p));
  auto const middle = next(p);
  BOOST_TEST(is_exactly<nesting_error>(middle));
  BOOST_TEST(what_of(middle) == "middle");
  BOOST_TEST(is_exactly<std::out_of_range>(next(middle)));
}

BOOST_AUTO_TEST_CASE(nothing_is_nested_by_where_it_is_decoded) {
  auto const sent = std::make_exception_ptr(nesting_error("alone"));
  auto const bytes = encode(sent);
  try {
    throw std::runtime_error("unrelated");
  } catch (...) {
    auto const arrived = detail::decode_exception(bytes.bytes());
    BOOST_REQUIRE(as<nesting_error>(arrived));
    BOOST_CHECK(!as<nesting_error>(arrived)->nested_ptr());
  }
}

BOOST_AUTO_TEST_CASE(wrapper_with_nothing_in_it) {
  auto const p = arrival_of([] { std::throw_with_nested(std::runtime_error("alone")); });
  BOOST_TEST(is_exactly<std::runtime_error>(p));
  BOOST_CHECK(!next(p));
}

BOOST_AUTO_TEST_CASE(boost_and_nested) {
  auto const p = arrival_of([] {
    try {
      BOOST_THROW_EXCEPTION(std::range_error("inner"));
    } catch (...) {
      try {
        std::throw_with_nested(unregistered_boost_error("outer"));
      } catch (boost::exception& e) {
        e << boost::throw_function("somewhere");
        throw;
      }
    }
  });
  BOOST_TEST(as<std::domain_error>(p));
  BOOST_TEST(as<remote_exception>(p));
  BOOST_REQUIRE(as<boost::exception>(p));
  BOOST_TEST(*boost::get_error_info<boost::throw_function>(*as<boost::exception>(p)) ==
             std::string("somewhere"));
  auto const inner = next(p);
  BOOST_TEST(as<std::range_error>(inner));
  BOOST_TEST(as<boost::exception>(inner));
}

BOOST_AUTO_TEST_CASE(bare_nested_exception) {
  auto const p = arrival_of([] {
    try {
      throw std::runtime_error("inner");
    } catch (...) {
      throw std::nested_exception();
    }
  });
  BOOST_TEST(as<std::exception>(p));
  BOOST_TEST(as<remote_exception>(p));
  BOOST_REQUIRE(as<std::nested_exception>(p));
  BOOST_TEST(what_of(as<std::nested_exception>(p)->nested_ptr()) == "inner");
}

BOOST_AUTO_TEST_CASE(long_chains_end_in_a_note) {
  auto p = arrival_of([] { throw_chain(1000, [] { throw std::logic_error("never seen"); }); });
  int links = 1;
  for (auto inner = next(p); inner; inner = next(inner)) {
    p = inner;
    ++links;
  }
  BOOST_TEST(links == static_cast<int>(detail::max_exception_links) + 1);
  BOOST_TEST(as<remote_exception>(p));
  BOOST_TEST(what_of(p).find("left out") != std::string::npos);

  int exact = 0;
  auto q = arrival_of([] { throw_chain(127, [] { throw std::logic_error("seen"); }); });
  for (auto inner = q; inner; inner = next(inner)) {
    q = inner;
    ++exact;
  }
  BOOST_TEST(exact == 128);
  BOOST_TEST(what_of(q) == "seen");
}

BOOST_AUTO_TEST_CASE(an_inner_one_that_cannot_travel) {
  refusing_error::on_save = true;
  auto const p = arrival_of([] {
    try {
      throw refusing_error("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  });
  BOOST_TEST(what_of(p) == "outer");
  auto const inner = next(p);
  BOOST_REQUIRE(as<std::overflow_error>(inner));
  BOOST_TEST(what_of(inner) == "inner");
  BOOST_TEST(as<remote_exception>(inner)->type_name() == "codec_test::refusing_error");
}

BOOST_AUTO_TEST_CASE(travels_twice) {
  auto const p =
      travel(arrival_of([] { throw_chain(2, [] { throw tagged_error("innermost", 5); }); }));
  BOOST_TEST(what_of(p) == "level 2");
  BOOST_TEST(!as<remote_exception>(p));
  auto const inner = next(next(p));
  BOOST_TEST(is_exactly<tagged_error>(inner));
}

BOOST_AUTO_TEST_SUITE_END()

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_SUITE(trouble)

BOOST_AUTO_TEST_CASE(saving_throws) {
  refusing_error::on_save = true;
  auto const arrived = arrival_of([] { throw refusing_error("message"); });
  BOOST_TEST(!as<refusing_error>(arrived));
  BOOST_REQUIRE(as<std::overflow_error>(arrived));
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "codec_test::refusing_error");
  BOOST_TEST(what_of(arrived) == "message");

  auto const derived = arrival_of([] { throw refusing_derived_error("message", 9); });
  BOOST_REQUIRE(as<tagged_error>(derived));
  BOOST_TEST(as<tagged_error>(derived)->tag == 9);
  BOOST_TEST(as<remote_exception>(derived));
}

BOOST_AUTO_TEST_CASE(loading_throws) {
  refusing_error::on_save = false;
  auto const arrived = arrival_of([] { throw refusing_error("message"); });
  refusing_error::on_save = true;
  BOOST_TEST(!as<refusing_error>(arrived));
  BOOST_REQUIRE(as<std::overflow_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "message");
}

BOOST_AUTO_TEST_CASE(no_exception_at_all) {
  auto const arrived = travel(nullptr);
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "no exception");
}

BOOST_AUTO_TEST_CASE(huge_messages) {
  std::string const text(20'000'000, 'x');
  auto const sent = std::make_exception_ptr(std::runtime_error(text));
  auto const whole = encode(sent);
  BOOST_TEST(whole.size() < text.size() + 1000);
  BOOST_TEST((what_of(detail::decode_exception(whole.bytes())) == text));

  for (std::size_t const limit : {text.size(), std::size_t{1'000'000}, std::size_t{1000}}) {
    auto const arrived = travel(sent, limit);
    BOOST_TEST(is_exactly<std::runtime_error>(arrived));
    BOOST_TEST(what_of(arrived).size() > limit / 2);
    BOOST_TEST(what_of(arrived).ends_with("x... [cut: 20000000 bytes]"));
  }
}

BOOST_AUTO_TEST_CASE(characters_are_not_split) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\xe2\x82\xac";
  for (std::size_t limit = 1000; limit < 1006; ++limit) {
    std::string const what =
        what_of(travel(std::make_exception_ptr(std::runtime_error(text)), limit));
    BOOST_TEST(what.find('.') % 3 == 0u);
  }
}

BOOST_AUTO_TEST_CASE(data_that_does_not_fit) {
  tagged_error original("message", 1);
  original.notes.assign(1000, std::string(100, 'n'));
  auto const arrived = travel(std::make_exception_ptr(original), 10'000);
  BOOST_TEST(!as<tagged_error>(arrived));
  BOOST_REQUIRE(as<std::runtime_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "codec_test::tagged_error");
  BOOST_TEST(what_of(arrived) == "message");
  BOOST_TEST(is_exactly<tagged_error>(travel(std::make_exception_ptr(original), 200'000)));
}

BOOST_AUTO_TEST_CASE(any_limit_gives_something) {
  auto const sent = thrown_by([] {
    try {
      try {
        throw decorated_error(std::string(300, 'i'), 1);
      } catch (...) {
        BOOST_THROW_EXCEPTION(tagged_error(std::string(300, 'm'), 1));
      }
    } catch (...) {
      std::throw_with_nested(
          std::filesystem::filesystem_error("outer", "/a", "/b", std::error_code()));
    }
  });
  std::size_t const whole = encode(sent).size();
  for (std::size_t limit = 0; limit <= whole + 1; ++limit) {
    auto const arrived = travel(sent, limit);
    BOOST_REQUIRE(as<std::exception>(arrived));
    if (limit > 600) BOOST_TEST(as<std::runtime_error>(arrived));
  }
  BOOST_TEST(is_exactly<tagged_error>(next(travel(sent, whole + 200))) == false);
}

BOOST_AUTO_TEST_CASE(a_limit_of_the_buffer_counts) {
  detail::byte_buffer out;
  out.append("before", 6);
  out.limit(300);
  detail::encode_exception(out, std::make_exception_ptr(std::runtime_error(std::string(500, 'x'))),
                           no_limit);
  BOOST_TEST(out.size() <= 300u);
  BOOST_TEST(std::memcmp(out.data(), "before", 6) == 0);
  BOOST_TEST(as<remote_exception>(detail::decode_exception(out.bytes().subspan(6))));
}

BOOST_AUTO_TEST_CASE(appends) {
  detail::byte_buffer out;
  out.append("before", 6);
  detail::encode_exception(out, std::make_exception_ptr(std::runtime_error("x")), no_limit);
  BOOST_TEST(std::memcmp(out.data(), "before", 6) == 0);
  BOOST_TEST(is_exactly<std::runtime_error>(detail::decode_exception(out.bytes().subspan(6))));
}

BOOST_AUTO_TEST_CASE(nothing_was_written) {
  auto const arrived = detail::decode_exception({});
  BOOST_TEST(as<std::exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
}

std::vector<std::exception_ptr> samples() {
  return {
      std::make_exception_ptr(std::runtime_error("runtime")),
      std::make_exception_ptr(std::system_error(std::make_error_code(std::errc::timed_out), "x")),
      std::make_exception_ptr(
          std::filesystem::filesystem_error("outer", "/a", "/b", std::error_code())),
      std::make_exception_ptr(std::regex_error(std::regex_constants::error_brack)),
      std::make_exception_ptr(std::future_error(std::future_errc::no_state)),
      std::make_exception_ptr(tagged_error("tagged", 3)),
      std::make_exception_ptr(no_exception{1, "text"}),
      std::make_exception_ptr(decorated_error("decorated", 3)),
      std::make_exception_ptr(42),
      thrown_by([] { BOOST_THROW_EXCEPTION(tagged_error("tagged", 1)); }),
      thrown_by([] {
        try {
          throw 42u;
        } catch (...) {
          std::throw_with_nested(message_error("outer"));
        }
      }),
  };
}

BOOST_AUTO_TEST_CASE(truncated_bytes_are_malformed) {
  for (const auto& sent : samples()) {
    auto const bytes = encode(sent);
    for (std::size_t size = 1; size < bytes.size(); ++size)
      BOOST_CHECK_THROW(detail::decode_exception(bytes.bytes().first(size)),
                        detail::malformed_frame);
    auto longer = encode(sent);
    longer.push_back(std::byte{0});
    BOOST_CHECK_THROW(detail::decode_exception(longer.bytes()), detail::malformed_frame);
  }
}

void decode_at_own_risk(std::span<const std::byte> bytes) {
  try {
    auto const p = detail::decode_exception(bytes);
    BOOST_REQUIRE(p != nullptr);
  } catch (const std::exception&) {
  }
}

BOOST_AUTO_TEST_CASE(damaged_bytes_do_no_harm) {
  std::mt19937 random(4711);
  for (const auto& sent : samples()) {
    auto const bytes = encode(sent);
    std::vector<std::byte> damaged(bytes.data(), bytes.data() + bytes.size());
    for (std::size_t i = 0; i < damaged.size(); ++i) {
      std::byte const original = damaged[i];
      for (unsigned const value : {0u, 1u, 0x7fu, 0x80u, 0xffu, unsigned(random() & 0xff)}) {
        damaged[i] = std::byte(value);
        decode_at_own_risk(damaged);
      }
      damaged[i] = original;
    }
    for (int round = 0; round < 300; ++round) {
      auto copy = damaged;
      for (int i = 0; i < 4; ++i) copy[random() % copy.size()] = std::byte(random() & 0xff);
      decode_at_own_risk(copy);
    }
  }
}

BOOST_AUTO_TEST_CASE(noise_does_no_harm) {
  std::mt19937 random(42);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> noise(random() % 200 + 1);
    for (std::byte& b : noise) b = std::byte(random() & 0xff);
    noise[0] = std::byte{0xe1};
    decode_at_own_risk(noise);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
