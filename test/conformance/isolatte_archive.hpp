// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_CONFORMANCE_ISOLATTE_ARCHIVE_HPP
#define ISOLATTE_TEST_CONFORMANCE_ISOLATTE_ARCHIVE_HPP

// The test programs of Boost.Serialization include the header that BOOST_ARCHIVE_TEST names, and
// use the archives of these names. They write to a file and read it again.

#include <isolatte/serialization.hpp>

#include <boost/archive/archive_exception.hpp>

#include <cstddef>
#include <exception>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::test {

class conformance_oarchive {
 public:
  using is_saving = detail::output_archive::is_saving;
  using is_loading = detail::output_archive::is_loading;

  explicit conformance_oarchive(std::ostream& out, unsigned /*flags*/ = 0) : out_{out} {}
  conformance_oarchive(const conformance_oarchive&) = delete;
  conformance_oarchive& operator=(const conformance_oarchive&) = delete;
  /// Writes the file, unless a program has caught an exception of the archive.
  ~conformance_oarchive() {
    if (std::uncaught_exceptions() != exceptions_) return;
    archive_.finish();
    out_.write(reinterpret_cast<const char*>(bytes_.data()),
               static_cast<std::streamsize>(bytes_.size()));
  }

  template <class T>
  conformance_oarchive& operator<<(const T& value) {
    archive_ << value;
    return *this;
  }
  template <class T>
  conformance_oarchive& operator&(const T& value) {
    return *this << value;
  }
  template <class T>
  void register_type(const T* object = nullptr) {
    archive_.register_type(object);
  }
  void save_binary(const void* data, std::size_t count) { archive_.save_binary(data, count); }

 private:
  std::ostream& out_;
  int exceptions_ = std::uncaught_exceptions();
  detail::byte_buffer bytes_;
  detail::output_archive archive_{bytes_};
};

class conformance_iarchive {
 public:
  using is_saving = detail::input_archive::is_saving;
  using is_loading = detail::input_archive::is_loading;

  explicit conformance_iarchive(std::istream& in, unsigned /*flags*/ = 0)
      : bytes_(std::istreambuf_iterator<char>{in}, {}) {}
  conformance_iarchive(const conformance_iarchive&) = delete;
  conformance_iarchive& operator=(const conformance_iarchive&) = delete;

  template <class T>
  conformance_iarchive& operator>>(T&& value) {
    archive_ >> value;
    return *this;
  }
  template <class T>
  conformance_iarchive& operator&(T&& value) {
    return *this >> value;
  }
  template <class T>
  void register_type(const T* object = nullptr) {
    archive_.register_type(object);
  }
  void load_binary(void* data, std::size_t count) { archive_.load_binary(data, count); }
  template <class T>
  void reset_object_address(const T* new_address, const T* old_address) {
    archive_.reset_object_address(new_address, old_address);
  }
  /// Does nothing: an archive that throws has destroyed what no pointer has come to own.
  void delete_created_pointers() {}

 private:
  std::vector<char> bytes_;
  detail::input_archive archive_{std::as_bytes(std::span{bytes_})};
};

}  // namespace isolatte::inline v0_1::test

using test_oarchive = isolatte::test::conformance_oarchive;
using test_iarchive = isolatte::test::conformance_iarchive;
using test_ostream = std::ofstream;
using test_istream = std::ifstream;
#define TEST_STREAM_FLAGS (std::ios::binary)

#endif
