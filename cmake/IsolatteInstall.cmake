include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

target_include_directories(isolatte INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")

# A static library's users link what it uses itself.
get_target_property(isolatte_type isolatte TYPE)
set(isolatte_boost_components serialization)
set(isolatte_pc_libs "-lisolatte -lboost_serialization -pthread")
set(isolatte_pc_libs_private "")
set(isolatte_pc_defines "")
list(TRANSFORM isolatte_private_boost PREPEND "-lboost_"
  OUTPUT_VARIABLE isolatte_private_boost_libs)
list(JOIN isolatte_private_boost_libs " " isolatte_private_boost_libs)
if(isolatte_type STREQUAL SHARED_LIBRARY)
  string(APPEND isolatte_pc_defines " -DISOLATTE_SHARED")
  set(isolatte_pc_libs_private "${isolatte_private_boost_libs}")
else()
  list(APPEND isolatte_boost_components ${isolatte_private_boost})
  string(APPEND isolatte_pc_libs " ${isolatte_private_boost_libs}")
  if(CMAKE_DL_LIBS)
    string(APPEND isolatte_pc_libs " -l${CMAKE_DL_LIBS}")
  endif()
endif()
list(JOIN isolatte_boost_components " " isolatte_boost_components)

file(RELATIVE_PATH isolatte_pc_prefix
  "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")

set(isolatte_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/isolatte")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/isolatte-config.cmake.in"
  "${PROJECT_BINARY_DIR}/isolatte-config.cmake"
  INSTALL_DESTINATION "${isolatte_cmake_dir}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/isolatte-config-version.cmake" COMPATIBILITY SameMinorVersion)
configure_file("${PROJECT_SOURCE_DIR}/cmake/isolatte.pc.in"
  "${PROJECT_BINARY_DIR}/isolatte.pc" @ONLY)

install(TARGETS isolatte EXPORT isolatte-targets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT isolatte-targets NAMESPACE isolatte:: DESTINATION "${isolatte_cmake_dir}")
install(FILES
  "${PROJECT_BINARY_DIR}/isolatte-config.cmake"
  "${PROJECT_BINARY_DIR}/isolatte-config-version.cmake"
  DESTINATION "${isolatte_cmake_dir}")
install(FILES "${PROJECT_BINARY_DIR}/isolatte.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE_1_0.txt"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
