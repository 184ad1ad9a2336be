// How much a load takes of the store while readers come first. Pure.
#ifndef INDEXSWAP_ENGINE_READER_PACE_H_
#define INDEXSWAP_ENGINE_READER_PACE_H_

namespace indexswap {

// A ladder. At its top are as many requests at a time as there may be, as large as they may be;
// down from there come fewer at a time, then smaller ones, then rests between the smallest. Small
// requests come before rests, since they cost least: a search that meets one hardly notices it.
//
// A figure of slow readers is a step down. So many good ones in a row are a step up that, where
// readers feel each step, one figure in about kGood is slow. Not thread-safe.
class ReaderPace {
 public:
  static constexpr int kHalvings = 7;     // of 2,500 documents, 19 are left
  static constexpr int kRests = 5;        // 1, 3, 7, 15, 31 times what the last request took
  static constexpr int kGood = 12;        // good figures to a step up
  static constexpr int kGoodAtFirst = 4;  // the same, until readers have been slow once

  // `most` requests at a time, at least 1. `careful`: begins with the smallest requests and a rest
  // as long as each, instead of at the top.
  ReaderPace(int most, bool careful);

  // Takes a figure: whether readers are slower than they may be.
  void Note(bool slow);

  // How many requests at a time.
  int requests() const;
  // How often a request is halved, in documents and in bytes.
  int halvings() const;
  // How long nothing is sent after a request, in times of what it took.
  int rest() const;

 private:
  const int most_;
  const int fewer_;  // steps in which requests become fewer
  int down_;         // steps from the top
  int good_ = 0;     // figures since the last step
  bool first_ = true;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_READER_PACE_H_
