# usage: cmake -DOUTPUT=FILE "-DFILES=FILE;..." -P EmbedSite.cmake
# Writes a source with the content of FILES, as example/service/web/site_files.hpp declares it.

set(arrays "")
set(entries "")
set(count 0)
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  get_filename_component(extension "${file}" LAST_EXT)
  set(path "/${name}")
  if(name STREQUAL index.html)
    set(path "/")
  endif()
  if(extension STREQUAL .html)
    set(type "text/html; charset=utf-8")
  elseif(extension STREQUAL .css)
    set(type "text/css; charset=utf-8")
  elseif(extension STREQUAL .js)
    set(type "text/javascript; charset=utf-8")
  elseif(extension STREQUAL .svg)
    set(type "image/svg+xml")
  else()
    message(FATAL_ERROR "no type is known for ${file}")
  endif()
  file(READ "${file}" bytes HEX)
  if(bytes MATCHES "^(0a)*$")
    message(FATAL_ERROR "nothing is in ${file}")
  endif()
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char file_${count}[] = {${bytes}};\n")
  string(APPEND entries "  {\"${path}\", \"${type}\", {file_${count}, sizeof file_${count}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"web/site_files.hpp\"

namespace service {

namespace {

${arrays}
constexpr site_file files[] = {
${entries}};

}  // namespace

std::span<const site_file> site_files() noexcept { return files; }

}  // namespace service
")
