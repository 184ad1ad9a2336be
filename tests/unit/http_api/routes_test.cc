#include "syncd/http/routes.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

Route Find(const std::string& method, const std::string& path, const std::string& base = "",
           bool get_starts_sync = true) {
  return FindRoute(method, path, base, get_starts_sync);
}

TEST(Routes, ArgumentsAreOneSegment) {
  const Route route = Find("POST", "/api/channels/doctor events/messages");
  EXPECT_EQ(route.kind, Route::Kind::kFound);
  EXPECT_EQ(route.call, Call::kTakeMessages);
  EXPECT_EQ(route.argument, "doctor events");
  EXPECT_EQ(route.name, "/api/channels/{name}/messages");
  EXPECT_EQ(Find("POST", "/api/channels/a/b/messages").kind, Route::Kind::kNoSuchPath);
  EXPECT_EQ(Find("POST", "/api/channels//messages").kind, Route::Kind::kNoSuchPath);
}

TEST(Routes, PathsAreExact) {
  for (const std::string path : {"", "/api", "/api/sync/", "//api/sync", "/API/sync",
                                 "/api/dead-letters/", "/integration/api/sync", "/integration"}) {
    EXPECT_EQ(Find("GET", path).kind, Route::Kind::kNoSuchPath) << path;
  }
  EXPECT_EQ(Find("GET", "/api/dead-letters/" + std::string(2000, 'x')).kind,
            Route::Kind::kNoSuchPath);
}

TEST(Routes, ThePrefixIsAWholeSegment) {
  const std::string base = "/integration";
  EXPECT_EQ(Find("GET", "/integration/api/status", base).call, Call::kStatus);
  EXPECT_EQ(Find("GET", "/integration/", base).call, Call::kPage);
  EXPECT_EQ(Find("GET", "/integration", base).call, Call::kPageRedirect);
  EXPECT_EQ(Find("POST", "/integration", base).kind, Route::Kind::kNoSuchMethod);
  EXPECT_EQ(Find("GET", "/integrationapi/status", base).kind, Route::Kind::kNoSuchPath);
  EXPECT_EQ(Find("GET", "/integration/integration/api/status", base).kind,
            Route::Kind::kNoSuchPath);
}

TEST(Routes, TheMethodsOfAPathAreTold) {
  EXPECT_EQ(Find("PUT", "/api/sync").allow, "POST, GET");
  EXPECT_EQ(Find("PUT", "/api/sync", "", false).allow, "POST");
  EXPECT_EQ(Find("POST", "/api/dead-letters/1").allow, "GET, HEAD, DELETE");
  EXPECT_EQ(Find("get", "/api/status").kind, Route::Kind::kNoSuchMethod);
}

TEST(Routes, HeadIsGetUnlessThatChangesSomething) {
  EXPECT_EQ(Find("HEAD", "/api/status").call, Call::kStatus);
  EXPECT_EQ(Find("HEAD", "/api/sync").kind, Route::Kind::kNoSuchMethod);
}

TEST(Routes, WhatChangesOrShowsPeopleIsGuarded) {
  EXPECT_TRUE(Find("GET", "/api/sync").guarded());
  EXPECT_TRUE(Find("GET", "/api/dead-letters/1").guarded());
  EXPECT_FALSE(Find("GET", "/api/dead-letters").guarded());
  EXPECT_FALSE(Find("GET", "/api/status").guarded());
}

}  // namespace
}  // namespace syncd
