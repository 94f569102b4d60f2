// Times crc-covlib's P.1812-7 and P.452-18 on the profiles that bench/terrain.py writes.
// Usage: terrain IN OUT; IN: int32 paths, points; double GHz, percent, tx m, rx m, delta N, N0; double km[points];
// double m[paths][points]. OUT: double losses by P.1812 and P.452; CPU seconds of each (least of five) on stdout.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

#include "ITURP_1812.h"
#include "ITURP_452_v18.h"

static double seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

int main(int, char** argv) {
  std::FILE* in = std::fopen(argv[1], "rb");
  std::int32_t size[2];
  double given[6];
  if (std::fread(size, 4, 2, in) != 2 || std::fread(given, 8, 6, in) != 6) return 1;
  const std::size_t paths = size[0], points = size[1];
  std::vector<double> km(points), m(paths * points), loss(2 * paths), cover(points, 0.0);
  if (std::fread(km.data(), 8, points, in) != points) return 1;
  if (std::fread(m.data(), 8, paths * points, in) != paths * points) return 1;
  std::fclose(in);
  ITURP_1812 area;
  ITURP_452_v18 between;
  double best[2] = {1e9, 1e9};
  for (int run = 0; run < 5; ++run) {
    double begin = seconds();
    for (std::size_t k = 0; k < paths; ++k)
      loss[k] = area.BasicTransmissionloss(given[0], given[1], 50.0, 30.0, 70.0, 30.0, 70.5, given[2], given[3], true,
                                           points, km.data(), &m[k * points], nullptr, cover.data(), nullptr, nullptr,
                                           500.0, 500.0, given[4], given[5]);
    best[0] = std::min(best[0], seconds() - begin);
    begin = seconds();
    for (std::size_t k = 0; k < paths; ++k)
      loss[paths + k] = between.ClearAirBasicTransmissionLoss(
          given[0], given[1], false, 30.0, 70.0, 30.0, 70.5, given[2], given[3], 0.0, 0.0, true, points, km.data(),
          &m[k * points], nullptr, cover.data(), nullptr, 500.0, 500.0, 1013.0, 15.0, given[4], given[5]);
    best[1] = std::min(best[1], seconds() - begin);
  }
  std::FILE* out = std::fopen(argv[2], "wb");
  std::fwrite(loss.data(), 8, loss.size(), out);
  std::fclose(out);
  std::printf("%.9f %.9f\n", best[0], best[1]);
}
