# isolatte::nats: jobs on many hosts, by way of a NATS server.

file(GLOB_RECURSE isolatte_nats_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/nats/*.cpp")
# Tests call internal functions, which a shared library would hide.
add_library(isolatte_nats STATIC ${isolatte_nats_sources})
add_library(isolatte::nats ALIAS isolatte_nats)
isolatte_compile_settings(isolatte_nats)
target_compile_features(isolatte_nats PUBLIC cxx_std_20)
target_link_libraries(isolatte_nats
  PUBLIC isolatte
  PRIVATE Boost::json PkgConfig::isolatte_libnats)
target_include_directories(isolatte_nats PRIVATE "${PROJECT_SOURCE_DIR}/lib")
set_target_properties(isolatte_nats PROPERTIES
  EXPORT_NAME nats OUTPUT_NAME isolatte_nats POSITION_INDEPENDENT_CODE ON
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
# In the build of CI, as for the tests.
if(ISOLATTE_UNITY_TESTS)
  set_target_properties(isolatte_nats PROPERTIES UNITY_BUILD ON)
endif()
