package io.argosy.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** Reads what the client, the servers and everybody else use. */
final class Meter {

    private final ProcStat proc = ProcStat.ofThisMachine();
    private final Optional<Path> pidFolder;
    private final List<Long> kernelThreads = proc.kernelThreads();
    private final int processors = Runtime.getRuntime().availableProcessors();

    /** @param pidFolder holds a file NAME.pid for each server; without it nothing is known of them */
    Meter(Optional<Path> pidFolder) {
        this.pidFolder = pidFolder;
    }

    /** The servers that run, by name. */
    Map<String, Long> servers() {
        Map<String, Long> servers = new TreeMap<>();
        if (pidFolder.isEmpty()) {
            return servers;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(pidFolder.get(), "*.pid")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                String pid = Files.readString(file).strip();
                if (!pid.isEmpty()) {
                    servers.put(name.substring(0, name.length() - ".pid".length()), Long.parseLong(pid));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read process ids in " + pidFolder.get(), e);
        }
        return servers;
    }

    /** Resident memory of each server, MiB. */
    Map<String, Double> residentMebibytes() {
        Map<String, Double> resident = new TreeMap<>();
        servers()
                .forEach((name, pid) ->
                        proc.residentMebibytes(pid).ifPresent(mebibytes -> resident.put(name, mebibytes)));
        return resident;
    }

    /** Begins a stretch of time. */
    Stretch begin() {
        return new Stretch();
    }

    private double self() {
        return proc.process(ProcessHandle.current().pid()).orElse(0);
    }

    private double kernel() {
        return kernelThreads.stream()
                .mapToDouble(pid -> proc.process(pid).orElse(0))
                .sum();
    }

    /** A stretch of time under way. */
    final class Stretch {
        private final Map<String, Long> pids = Meter.this.servers();
        private final Map<String, Double> serversBefore = cpu(pids);
        private final double clientBefore = self();
        private final double kernelBefore = kernel();
        private final ProcStat.Machine machineBefore = proc.machine();
        private final long startNanos = System.nanoTime();

        private Map<String, Double> cpu(Map<String, Long> pids) {
            Map<String, Double> used = new TreeMap<>();
            pids.forEach((name, pid) -> {
                OptionalDouble cpu = proc.process(pid);
                if (cpu.isPresent()) {
                    used.put(name, cpu.getAsDouble());
                }
            });
            return used;
        }

        Slice end(long messages, long failures) {
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            ProcStat.Machine machine = proc.machine();
            double client = self() - clientBefore;
            double kernel = kernel() - kernelBefore;
            Map<String, Double> servers = cpu(pids);
            servers.replaceAll((name, used) -> used - serversBefore.getOrDefault(name, 0.0));
            double own = client
                    + kernel
                    + servers.values().stream().mapToDouble(Double::doubleValue).sum();
            return new Slice(
                    seconds,
                    messages,
                    failures,
                    client,
                    servers,
                    Math.max(0, machine.busy() - machineBefore.busy() - own),
                    Math.max(0, machine.stolen() - machineBefore.stolen()),
                    processors);
        }
    }
}
