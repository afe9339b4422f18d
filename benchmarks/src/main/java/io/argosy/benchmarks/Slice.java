package io.argosy.benchmarks;

import java.util.Map;
import java.util.TreeMap;

/**
 * What happened in a stretch of time; CPU in seconds.
 *
 * @param messages acknowledged, or received
 * @param client CPU of this process
 * @param servers CPU of each server by name
 * @param others CPU of everybody else
 * @param stolen CPU that the host gave to other machines
 */
record Slice(
        double seconds,
        long messages,
        long failures,
        double client,
        Map<String, Double> servers,
        double others,
        double stolen,
        int processors) {

    /** Beyond this share of the machine, what others use moves the figures. */
    static final double OTHERS_SHARE_MAX = 0.08;

    Slice {
        servers = Map.copyOf(servers);
    }

    double rate() {
        return messages / seconds;
    }

    double serversTotal() {
        return servers.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** Share of the machine that was not left to what is measured. */
    double othersShare() {
        return (others + stolen) / (seconds * processors);
    }

    boolean quiet() {
        return othersShare() <= OTHERS_SHARE_MAX;
    }

    Slice plus(Slice other) {
        Map<String, Double> sum = new TreeMap<>(servers);
        other.servers.forEach((name, used) -> sum.merge(name, used, Double::sum));
        return new Slice(
                seconds + other.seconds,
                messages + other.messages,
                failures + other.failures,
                client + other.client,
                sum,
                others + other.others,
                stolen + other.stolen,
                processors);
    }
}
