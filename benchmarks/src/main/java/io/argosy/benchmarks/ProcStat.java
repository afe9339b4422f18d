package io.argosy.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** CPU time and memory as Linux accounts them in {@code /proc}; CPU in ticks of 10 ms. */
final class ProcStat {

    private static final double TICKS_PER_SECOND = 100;
    private static final long KTHREADD = 2;

    private final Path proc;

    ProcStat(Path proc) {
        this.proc = proc;
    }

    static ProcStat ofThisMachine() {
        return new ProcStat(Path.of("/proc"));
    }

    /**
     * CPU seconds of all processors since the start of the machine.
     *
     * @param busy in programs and on their behalf; without interrupts, which nobody can be charged for
     * @param stolen by other machines of the same host
     */
    record Machine(double busy, double stolen) {}

    Machine machine() {
        String[] fields = read(proc.resolve("stat"))
                .lines()
                .findFirst()
                .orElseThrow()
                .trim()
                .split("\\s+", -1);
        double busy = Double.parseDouble(fields[1]) + Double.parseDouble(fields[2]) + Double.parseDouble(fields[3]);
        return new Machine(busy / TICKS_PER_SECOND, Double.parseDouble(fields[8]) / TICKS_PER_SECOND);
    }

    /** CPU seconds of a process; empty if it is gone. */
    OptionalDouble process(long pid) {
        try {
            String[] fields = fieldsAfterName(
                    Files.readString(proc.resolve(Long.toString(pid)).resolve("stat")));
            return OptionalDouble.of(
                    (Double.parseDouble(fields[11]) + Double.parseDouble(fields[12])) / TICKS_PER_SECOND);
        } catch (IOException gone) {
            return OptionalDouble.empty();
        }
    }

    /** Resident memory, MiB; empty if the process is gone. */
    OptionalDouble residentMebibytes(long pid) {
        try {
            return Files.readString(proc.resolve(Long.toString(pid)).resolve("status"))
                    .lines()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
                    .findFirst();
        } catch (IOException gone) {
            return OptionalDouble.empty();
        }
    }

    /** The kernel's own threads: what they use is writeback and the like, on behalf of nobody in particular. */
    List<Long> kernelThreads() {
        List<Long> threads = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                if (parent(process) == KTHREADD) {
                    threads.add(Long.parseLong(process.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + proc, e);
        }
        return threads;
    }

    private static long parent(Path process) {
        try {
            return Long.parseLong(fieldsAfterName(Files.readString(process.resolve("stat")))[1]);
        } catch (IOException gone) {
            return -1;
        }
    }

    /** The second field is the command in parentheses, which may hold anything. */
    private static String[] fieldsAfterName(String stat) {
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}
