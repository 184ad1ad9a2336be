# Headers that nearly every file reads, compiled once for all: the sanitizer builds would spend half
# of their time on them. The others see whether a file includes what it uses.
if(INDEXSWAP_PRECOMPILE)
  set(INDEXSWAP_COMMON_HEADERS
    <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h>
    <absl/strings/str_format.h> <algorithm> <chrono> <condition_variable> <functional> <map>
    <memory> <mutex> <optional> <string> <string_view> <thread> <vector>)
endif()

# Uses the precompiled headers of `carrier`, a target made of nothing else.
function(indexswap_precompiled target carrier)
  if(INDEXSWAP_PRECOMPILE)
    # Without the option ccache can't tell what is in them.
    target_compile_options(${target} PRIVATE -fpch-preprocess)
    target_precompile_headers(${target} REUSE_FROM ${carrier})
  endif()
endfunction()

# The carrier of `headers`.
function(indexswap_precompile carrier)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBRARIES" ${ARGN})
  if(INDEXSWAP_PRECOMPILE)
    file(WRITE ${CMAKE_BINARY_DIR}/${carrier}.cc "")
    add_library(${carrier} OBJECT ${CMAKE_BINARY_DIR}/${carrier}.cc)
    indexswap_options(${carrier})
    target_compile_options(${carrier} PRIVATE -fpch-preprocess)
    target_link_libraries(${carrier} PRIVATE ${ARG_LIBRARIES})
    target_precompile_headers(${carrier} PRIVATE ${ARG_HEADERS})
  endif()
endfunction()

# Warnings and sanitizers for the project's own targets only: never global, never exported.
function(indexswap_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                           -Woverloaded-virtual -Wno-missing-field-initializers)
  if(INDEXSWAP_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(INDEXSWAP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${INDEXSWAP_SANITIZE}
                                             -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${INDEXSWAP_SANITIZE})
  endif()
endfunction()

function(indexswap_target target)
  indexswap_options(${target})
  indexswap_precompiled(${target} indexswap_headers)
endfunction()

# One test executable a component, registered test by test under its label.
function(indexswap_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  indexswap_options(${name})
  indexswap_precompiled(${name} indexswap_test_headers)
  # What is tested is optimised; the tests themselves would only take longer to compile.
  target_compile_options(${name} PRIVATE -O0)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/app)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT 600)
endfunction()
