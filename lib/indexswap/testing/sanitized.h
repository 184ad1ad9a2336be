// How often tests repeat themselves.
#ifndef INDEXSWAP_TESTING_SANITIZED_H_
#define INDEXSWAP_TESTING_SANITIZED_H_

namespace indexswap::testing {

// Whether this is a sanitizer's build. There a test of one thread that tries thousands of cases
// tries fewer of the same kind: the plain build tries all of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_SANITIZED_H_
