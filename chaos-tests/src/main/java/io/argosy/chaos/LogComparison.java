package io.argosy.chaos;

import io.argosy.raft.Entry;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.SegmentDump;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Compares the logs of all replicas of a stopped cluster, entry by entry. */
final class LogComparison {

    static final String EQUAL = "equal logs";

    private LogComparison() {}

    /** {@link #EQUAL} and how far they were compared, or the first difference; of the founders. */
    static String of(Cluster cluster) {
        return of(cluster, IntStream.rangeClosed(1, cluster.nodes()).boxed().toList());
    }

    /** As {@link #of(Cluster)}, of these replicas. */
    static String of(Cluster cluster, List<Integer> replicas) {
        List<NavigableMap<Long, String>> logs = new ArrayList<>();
        for (int replica : replicas) {
            logs.add(entries(cluster, replica));
        }
        NavigableMap<Long, String> first = logs.get(0);
        long compared = 0;
        long end = logs.stream().mapToLong(NavigableMap::lastKey).min().orElseThrow();
        // Replicas trim whole files, each for itself.
        long begin = logs.stream().mapToLong(NavigableMap::firstKey).max().orElseThrow();
        for (long index = begin; index <= end; index++) {
            String expected = first.get(index);
            for (int i = 1; i < logs.size(); i++) {
                String found = logs.get(i).get(index);
                if (expected == null || !expected.equals(found)) {
                    return "DIFFERENT at index " + index + ": replica " + replicas.get(0) + " holds " + expected
                            + ", replica " + replicas.get(i) + " holds " + found;
                }
            }
            compared++;
        }
        return EQUAL + " on " + logs.size() + " replicas, " + compared + " entries up to index " + end;
    }

    private static NavigableMap<Long, String> entries(Cluster cluster, int replica) {
        NavigableMap<Long, String> entries = new TreeMap<>();
        try (Stream<Path> files = Files.walk(cluster.replicaFolder(replica))) {
            for (Path segment : files.filter(
                            file -> file.getFileName().toString().matches("\\d{20}\\.log"))
                    .sorted()
                    .toList()) {
                SegmentDump.read(new FileSystemDisk(), segment.toAbsolutePath(), item -> {
                    if (item instanceof SegmentDump.Found found) {
                        Entry entry = found.entry();
                        entries.put(entry.index(), entry + " crc " + Integer.toHexString(entry.payloadCrc()));
                    } else if (item instanceof SegmentDump.Truncation cut) {
                        entries.tailMap(cut.fromIndex(), true).clear();
                    }
                });
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the log of replica " + replica, e);
        }
        return entries;
    }
}
