// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/boost.hpp"

#include <boost/exception/diagnostic_information.hpp>
#include <boost/exception/get_error_info.hpp>
#include <boost/exception/info.hpp>
#include <boost/throw_exception.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::detail {

namespace {

struct carried_texts {
  std::string file;
  std::string function;
  std::string infos;
};

}  // namespace

/// Owns the texts to which the exception's pointers point, for as long as a copy of the exception
/// lives. Its own text shows the original's boost::error_info objects.
using carried_info =
    boost::error_info<struct carried_info_tag, std::shared_ptr<const carried_texts>>;

static std::string to_string(const carried_info& info) { return info.value()->infos; }

[[gnu::cold]] boost_parts collect_boost(const boost::exception& object, boost_storage& storage) {
  boost_parts parts;
  if (auto const* const file = boost::get_error_info<boost::throw_file>(object); file && *file)
    parts.file = *file;
  if (auto const* const name = boost::get_error_info<boost::throw_function>(object); name && *name)
    parts.function = *name;
  if (auto const* const line = boost::get_error_info<boost::throw_line>(object)) parts.line = *line;
  // boost::get_error_info() does not give the column.
  if (auto const column = boost::get_throw_location(object).column(); parts.line && column != 0)
    parts.column = static_cast<std::int32_t>(column);
  if (const char* const infos = boost::diagnostic_information_what(object, false))
    parts.infos = storage.infos = infos;
  return parts;
}

[[gnu::cold]] void restore_boost(boost::exception& object, const boost_parts& parts) {
  if (parts.file || parts.function || !parts.infos.empty()) {
    auto const texts = std::make_shared<const carried_texts>(
        carried_texts{std::string(parts.file.value_or("")),
                      std::string(parts.function.value_or("")), std::string(parts.infos)});
    object << carried_info(texts);
    if (parts.file) object << boost::throw_file(texts->file.c_str());
    if (parts.function) object << boost::throw_function(texts->function.c_str());
  }
  if (parts.line) object << boost::throw_line(*parts.line);
  if (parts.column) {
    boost::throw_column const column(*parts.column);
    object << column;
  }
}

[[gnu::cold]] std::string diagnostics_of(const exception_link& link) {
  if (!link.boost) return {};
  std::string text;
  if (link.boost->file) {
    text += *link.boost->file;
    text += '(' + std::to_string(link.boost->line.value_or(0)) + "): ";
  }
  if (link.boost->file || link.boost->function)
    text += "Throw in function " + std::string(link.boost->function.value_or("(unknown)")) + '\n';
  text += "Dynamic exception type: " + std::string(link.type_name) + '\n';
  if (link.speaks) text += "std::exception::what: " + std::string(link.message) + '\n';
  text += link.boost->infos;
  return text;
}

}  // namespace isolatte::inline v0_1::detail
