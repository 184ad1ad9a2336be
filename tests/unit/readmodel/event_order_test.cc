#include "syncd/readmodel/event_order.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace syncd {
namespace {

PlanChannel ChannelWith(std::vector<PlanOrder> order) {
  PlanChannel channel;
  channel.order = std::move(order);
  return channel;
}

std::string Order(const std::vector<PlanOrder>& order, const std::string& body,
                  const EventStamp& stamp = {}) {
  const boost::json::value value = boost::json::parse(body);
  return OrderOf(ChannelWith(order), DecodedItem{value, {}, "", std::nullopt, false}, stamp);
}

const std::vector<PlanOrder> kCluster = {{PlanOrder::Kind::kClusterTime, ""},
                                         {PlanOrder::Kind::kSent, ""}};

TEST(EventOrder, ClusterTimeInAllItsForms) {
  const std::string order = Order(
      kCluster, R"j({"clusterTime":{"$timestamp":{"t":1656927000,"i":3}},"_id":{"_data":"82"}})j");
  EXPECT_EQ(order, "2022-07-04T09:30:00.000|0000000003|82");
  EXPECT_EQ(Order(kCluster, R"j({"clusterTime":"Timestamp(1656927000, 3)","_id":{
    "_data" : "82"}
})j"),
            order);
  EXPECT_EQ(Order(kCluster, R"j({"clusterTime":{"t":1656927000,"i":3},"_id":{"_data":"82"}})j"),
            order);
}

TEST(EventOrder, LaterIsGreater) {
  const std::string first = Order(kCluster, R"j({"clusterTime":"Timestamp(1656927000, 9)"})j");
  EXPECT_LT(first, Order(kCluster, R"j({"clusterTime":"Timestamp(1656927000, 10)"
})j"));
  EXPECT_LT(first, Order(kCluster, R"j({"clusterTime":"Timestamp(1656927001, 1)"
})j"));
  EXPECT_LT(Order(kCluster, R"j({"clusterTime":"Timestamp(1656927000, 9)","_id":{
  "_data" : "a"}
})j"),
            Order(kCluster, R"j({"clusterTime":"Timestamp(1656927000, 9)","_id":{
  "_data" : "b"}
})j"));
}

TEST(EventOrder, TheFirstOfTheListThatIsThere) {
  EventStamp stamp;
  stamp.sent_ms = 1656927000123;
  stamp.sequence = "18849496460467696128";
  stamp.message_id = "m";
  EXPECT_EQ(Order(kCluster, R"j({"clusterTime":"nonsense"})j", stamp),
            "2022-07-04T09:30:00.123|18849496460467696128|m");
  EventStamp later = stamp;
  later.sequence = "18849496460467696129";
  EXPECT_LT(Order(kCluster, "{}", stamp), Order(kCluster, "{}", later));
  EXPECT_EQ(Order(kCluster, "{}", stamp), Order(kCluster, "{}", stamp)) << "the same come twice";
}

TEST(EventOrder, ADateTimeOfTheRecordItself) {
  const std::vector<PlanOrder> order = {{PlanOrder::Kind::kField, "/fullDocument.at"},
                                        {PlanOrder::Kind::kClusterTime, ""}};
  const std::string early = Order(order, R"j({"fullDocument":{"at":[2022,7,4,9,30]}})j");
  EXPECT_EQ(early, "2022-07-04T09:30:00.000|");
  EXPECT_LT(early, Order(order, R"j({"fullDocument":{"at":"2022-07-04T09:30:01"}})j"));
  EXPECT_LT(early, Order(order, R"j({"clusterTime":"Timestamp(1656927000, 3)",)j"
                                R"j("fullDocument":{"at":"2022-07-04 09:30:00"}})j"))
      << "of equal times the later change counts";
  EXPECT_EQ(Order(order, R"j({"clusterTime":"Timestamp(1656927000, 3)","fullDocument":{
    "at" : "?"}
})j"),
            "2022-07-04T09:30:00.000|0000000003|");
}

TEST(EventOrder, ArrivalAlwaysRises) {
  EventStamp first;
  first.arrival_ms = 1656927000000;
  first.arrival = 9;
  EventStamp second = first;
  second.arrival = 10;
  EXPECT_LT(Order({{PlanOrder::Kind::kArrival, ""}}, "{}", first),
            Order({{PlanOrder::Kind::kArrival, ""}}, "{}", second));
}

}  // namespace
}  // namespace syncd
