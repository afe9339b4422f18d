package io.argosy.benchmarks;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/** The figures of one measurement, by name, with units in the names. */
final class Result {

    final Map<String, Double> figures = new LinkedHashMap<>();
    private Optional<Histogram> histogram = Optional.empty();
    private Optional<Slices> slices = Optional.empty();

    Result with(String figure, double value) {
        figures.put(figure, value);
        return this;
    }

    /** Rate, CPU and failures of what the slices counted. */
    Result with(Slices measured, int bodyBytes) {
        slices = Optional.of(measured);
        Slice total = measured.total();
        with("messagesPerSecond", total.rate());
        with("megabytesPerSecond", total.rate() * bodyBytes / 1e6);
        with(
                "slowestSlicePerSecond",
                measured.counted().stream().mapToDouble(Slice::rate).min().orElse(0));
        with(
                "fastestSlicePerSecond",
                measured.counted().stream().mapToDouble(Slice::rate).max().orElse(0));
        if (total.messages() > 0) {
            with("cpuSecondsPerMillion", (total.client() + total.serversTotal()) * 1e6 / total.messages());
            with("clientCpuSecondsPerMillion", total.client() * 1e6 / total.messages());
        }
        with("clientCores", total.client() / total.seconds());
        with("serverCores", total.serversTotal() / total.seconds());
        total.servers().forEach((name, used) -> with("cores." + name, used / total.seconds()));
        with("othersCores", (total.others() + total.stolen()) / total.seconds());
        with("countedSeconds", total.seconds());
        return with("failures", (double) measured.failures());
    }

    /** Latencies in nanoseconds. */
    Result with(Histogram nanos) {
        histogram = Optional.of(nanos);
        with("p50Micros", nanos.getValueAtPercentile(50) / 1e3);
        with("p90Micros", nanos.getValueAtPercentile(90) / 1e3);
        with("p99Micros", nanos.getValueAtPercentile(99) / 1e3);
        with("p999Micros", nanos.getValueAtPercentile(99.9) / 1e3);
        return with("maxMicros", nanos.getMaxValue() / 1e3);
    }

    Result withMemory(Map<String, Double> residentMebibytes) {
        residentMebibytes.forEach((name, mebibytes) -> with("residentMiB." + name, mebibytes));
        return with(
                "residentMiB",
                residentMebibytes.values().stream()
                        .mapToDouble(Double::doubleValue)
                        .sum());
    }

    Optional<Slices> slices() {
        return slices;
    }

    /** All latencies, in the compressed form of HdrHistogram. */
    Optional<String> encodedHistogram() {
        return histogram.map(nanos -> {
            ByteBuffer buffer = ByteBuffer.allocate(nanos.getNeededByteBufferCapacity());
            int length = nanos.encodeIntoCompressedByteBuffer(buffer);
            return Base64.getEncoder().encodeToString(java.util.Arrays.copyOf(buffer.array(), length));
        });
    }
}
