# isolatte::test: cases of Boost.Test in children.

file(GLOB isolatte_test_support_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib_test/*.cpp")
# A static library, with the definitions of no variant of Boost.Test: a program's own variant, header-
# only, static or shared, gives it the functions of the framework.
add_library(isolatte_test STATIC ${isolatte_test_support_sources})
add_library(isolatte::test ALIAS isolatte_test)
isolatte_compile_settings(isolatte_test)
target_compile_features(isolatte_test PUBLIC cxx_std_20)
target_link_libraries(isolatte_test PUBLIC isolatte)
target_include_directories(isolatte_test PRIVATE "${PROJECT_SOURCE_DIR}/lib_test")
set_target_properties(isolatte_test PROPERTIES
  EXPORT_NAME test OUTPUT_NAME isolatte_test POSITION_INDEPENDENT_CODE ON
  # GCC takes each source of a unity build for a header, where types that a source has to itself would
  # be several.
  UNITY_BUILD OFF)
