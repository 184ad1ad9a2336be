// How much a load takes of the store while readers come first. Pure.
#ifndef INDEXSWAP_ENGINE_READER_PACE_H_
#define INDEXSWAP_ENGINE_READER_PACE_H_

namespace indexswap {

// A ladder. At its top are as many requests at a time as there may be, as large as they may be;
// down from there come fewer at a time, then smaller ones, then rests between the smallest. Small
// requests come before rests, since they cost least: a search that meets one hardly notices it.
//
// Three slow searches within fifty are a step down, or as many more in a longer time as are not one
// of each hundred: so many happen without any load, too. Right behind a step up, which is what may
// well have made them slow, two are.
// A step up comes after `hold` searches without that, and once a hundred searches for each slow one
// (of ten at most) have come, but fifty: so that of the whole load no more than one of a hundred is
// slow. Since a step up that was one too many is paid by readers, each step down doubles `hold`,
// and each step up that has held halves it again. Not thread-safe.
class ReaderPace {
 public:
  static constexpr int kHalvings = 7;   // of 2,500 documents, 19 are left
  static constexpr int kRests = 3;      // 1, 3, 7 times what the last request took
  static constexpr int kHold = 60;      // searches
  static constexpr int kHoldMax = 960;  // likewise

  // `most` requests at a time, at least 1. `careful`: begins with the smallest requests and a rest
  // as long as each, instead of at the top.
  ReaderPace(int most, bool careful);

  // Takes one search: whether it was slower than it may be.
  void Note(bool slow);

  // How many requests at a time.
  int requests() const;
  // How often a request is halved, in documents and in bytes.
  int halvings() const;
  // How long nothing is sent after a request, in times of what it took.
  int rest() const;

 private:
  void StepDown();
  void StepUp();

  int most_;
  int fewer_;         // steps in which requests become fewer
  int down_;          // steps from the top
  int slow_ = 0;      // slow searches since the last step down: see Note
  int debt_ = 0;      // slow searches that are not made up for
  int searches_ = 0;  // since the last step
  int hold_ = kHold;
  bool went_up_ = false;  // the last step did
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_READER_PACE_H_
