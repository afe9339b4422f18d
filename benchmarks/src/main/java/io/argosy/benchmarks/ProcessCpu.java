package io.argosy.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** CPU time as Linux accounts it, in {@code /proc}; in ticks of 10 ms. */
final class ProcessCpu {

    private static final double TICKS_PER_SECOND = 100;

    private final List<Long> servers;

    /** @param servers process ids */
    ProcessCpu(List<Long> servers) {
        this.servers = List.copyOf(servers);
    }

    /**
     * CPU seconds since the processes, and the machine, started.
     *
     * @param machine busy time of all processors, whoever used it, including time stolen by the hypervisor
     */
    record Sample(double client, double servers, double machine) {

        Sample minus(Sample earlier) {
            return new Sample(client - earlier.client, servers - earlier.servers, machine - earlier.machine);
        }
    }

    Sample sample() {
        double total = 0;
        for (long pid : servers) {
            total += ofProcess(pid);
        }
        return new Sample(ofProcess(ProcessHandle.current().pid()), total, ofMachine());
    }

    private static double ofProcess(long pid) {
        String stat = read(Path.of("/proc", Long.toString(pid), "stat"));
        // The second field is the command in parentheses, which may hold spaces.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    private static double ofMachine() {
        String[] fields = read(Path.of("/proc/stat"))
                .lines()
                .findFirst()
                .orElseThrow()
                .trim()
                .split("\\s+", -1);
        long busy = 0;
        for (int i = 1; i <= 8; i++) {
            boolean idle = i == 4 || i == 5;
            if (!idle) {
                busy += Long.parseLong(fields[i]);
            }
        }
        return busy / TICKS_PER_SECOND;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + "; did the process end?", e);
        }
    }
}
