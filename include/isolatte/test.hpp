// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_HPP
#define ISOLATTE_TEST_HPP

/// @file
/// Cases of Boost.Test, each in a child of its own. The target is `isolatte::test`, and
/// <isolatte.hpp> does not include this header.
///
/// Arguments of the module, after `--`: `--jobs N` runs up to N cases at the same time.
/// `--in-program` runs all cases but death tests in the program, for a debugger for example.

#include <isolatte/config.hpp>
#include <isolatte/options.hpp>

#include <boost/preprocessor/cat.hpp>
#include <boost/preprocessor/seq/for_each_i.hpp>
#include <boost/preprocessor/variadic/to_seq.hpp>
#include <boost/test/tools/context.hpp>
#include <boost/test/tree/decorator.hpp>
#include <boost/test/unit_test_log.hpp>
#include <boost/test/utils/lazy_ostream.hpp>

#include <cstddef>
#include <memory>
#include <string>

/// Boost.Test's cases in children.
namespace isolatte::inline v0_1::test {

/// A decorator: the case runs in a child of its own, and so does each case beneath a suite.
///
/// @code
/// BOOST_AUTO_TEST_CASE(parses, *isolatte::test::isolated({.timeout = 2s})) {
///   BOOST_TEST(parse("1 + 1") == 2);
/// }
/// @endcode
///
/// Assertions, messages and counts arrive in the program's log and report. A crash, an `exit()` or
/// a timeout fails the case, and the next one runs. The decorator of the case itself, or else that
/// of the nearest suite, decides.
///
/// Some options have another meaning than elsewhere: with `discard`, the default, standard error is
/// that of the program; options::early and options::message_window are ignored. If the case fails
/// by `std::bad_alloc`, the log names options::limits.address_space if that is set.
class isolated : public boost::unit_test::decorator::base {
 public:
  /// Isolates the case.
  /// @param how how to run the child
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  explicit isolated(options how = {});

 private:
  void apply(boost::unit_test::test_unit& unit) override;
  boost::unit_test::decorator::base_ptr clone() const override;

  std::shared_ptr<const options> how_;
};

/// A decorator: the case, or each case beneath a suite, runs in the program itself, whatever
/// @ref isolate_all or the decorators of suites around it say.
class in_process : public boost::unit_test::decorator::base {
 private:
  void apply(boost::unit_test::test_unit& unit) override;
  boost::unit_test::decorator::base_ptr clone() const override;
};

/// A decorator: the case has to die of a signal, in a child of its own.
///
/// @code
/// BOOST_AUTO_TEST_CASE(refuses_nonsense, *isolatte::test::death("not a number", SIGABRT)) {
///   parse_or_abort("one");
/// }
/// @endcode
///
/// The death counts as one assertion. A case that returns, throws, exits or times out fails, and so
/// does one that dies of another signal, or without the text in its standard error. Standard error
/// is kept, up to its last 64 KiB, and shown if the case fails.
class death : public boost::unit_test::decorator::base {
 public:
  /// Expects a death.
  /// @param text a part of what the case writes to standard error, letter by letter
  /// @param signal the signal that ends it; 0 for any
  /// @param how how to run the child. Without `limits.core_size` it leaves no core dump.
  /// options::err is ignored
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  explicit death(std::string text = {}, int signal = 0, options how = {});

 private:
  void apply(boost::unit_test::test_unit& unit) override;
  boost::unit_test::decorator::base_ptr clone() const override;

  std::string text_;
  int signal_;
  std::shared_ptr<const options> how_;
};

/// Isolates every case of the module that has no decorator of its own for it.
///
/// @code
/// struct in_children : isolatte::test::isolate_all {
///   in_children() : isolate_all({.timeout = 10s}) {}
/// };
/// BOOST_TEST_GLOBAL_CONFIGURATION(in_children);
/// @endcode
///
/// A global fixture does as well. So does an object that an init function makes; the object need
/// not outlive that function. The macros of Boost.Test take a name without `::`.
class isolate_all {
 public:
  /// Isolates every case that has not run yet.
  /// @param how how to run each child
  /// @par Exception safety
  /// Basic guarantee: `std::bad_alloc`.
  isolate_all(options how = {});
};

/// @cond
namespace detail {

/// Sets a checkpoint, where the program finds it even if the child is killed.
void set_checkpoint(boost::unit_test::const_string file, std::size_t line,
                    boost::unit_test::const_string message = {});

/// A context, which the program knows even if the child is killed in it.
class noted_context : public boost::test_tools::tt_detail::context_frame {
 public:
  explicit noted_context(const boost::unit_test::lazy_ostream& text);
  noted_context(const noted_context&) = delete;
  noted_context& operator=(const noted_context&) = delete;
  ~noted_context();
};

}  // namespace detail
/// @endcond

}  // namespace isolatte::inline v0_1::test

/// @cond
// Boost.Test has no hook for checkpoints, which its assertions set with the first of these macros.
// A source that does not include this header sets them in the memory of the child alone: the
// program then knows only those that an assertion has followed.
#undef BOOST_TEST_PASSPOINT
#define BOOST_TEST_PASSPOINT()                                     \
  ::isolatte::test::detail::set_checkpoint(BOOST_TEST_L(__FILE__), \
                                           static_cast<std::size_t>(__LINE__))
#undef BOOST_TEST_CHECKPOINT
#define BOOST_TEST_CHECKPOINT(M)                                               \
  ::isolatte::test::detail::set_checkpoint(BOOST_TEST_L(__FILE__),             \
                                           static_cast<std::size_t>(__LINE__), \
                                           (::boost::wrap_stringstream().ref() << M).str())

// Boost.Test has no hook for contexts either.
#undef BOOST_TEST_INFO_SCOPE
#define BOOST_TEST_INFO_SCOPE(M)                                                      \
  ::isolatte::test::detail::noted_context BOOST_PP_CAT(isolatte_context_, __LINE__) = \
      ::isolatte::test::detail::noted_context(BOOST_TEST_LAZY_MSG(M))
#undef BOOST_TEST_CONTEXT
#define ISOLATTE_TEST_CONTEXT(r, name, i, M)                          \
  if (::isolatte::test::detail::noted_context BOOST_PP_CAT(name, i) = \
          ::isolatte::test::detail::noted_context(BOOST_TEST_LAZY_MSG(M)))
#define BOOST_TEST_CONTEXT(...)                                                             \
  BOOST_PP_SEQ_FOR_EACH_I(ISOLATTE_TEST_CONTEXT, BOOST_PP_CAT(isolatte_context_, __LINE__), \
                          BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))
/// @endcond

#endif
