package io.argosy.raft.node;

import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * What a node takes from outside besides disk and network.
 *
 * @param nanoClock monotonic
 * @param random for election timeouts; used by the loop thread only
 * @param uuids names for new groups
 * @param threads makes the node's threads, which then get their names
 * @param failure called when the replica cannot go on
 * @param clock for the names of evidence; no decision depends on it
 */
public record Surroundings(
        LongSupplier nanoClock,
        RandomGenerator random,
        Supplier<UUID> uuids,
        ThreadFactory threads,
        FailureHook failure,
        InstantSource clock) {

    /** With a clock that counts from 1970 on as the monotonic one does. */
    public Surroundings(
            LongSupplier nanoClock,
            RandomGenerator random,
            Supplier<UUID> uuids,
            ThreadFactory threads,
            FailureHook failure) {
        this(nanoClock, random, uuids, threads, failure, () -> Instant.EPOCH.plusNanos(nanoClock.getAsLong()));
    }

    /** Those of a server process. */
    public static Surroundings ofProcess() {
        return new Surroundings(
                System::nanoTime,
                RandomGeneratorFactory.getDefault().create(),
                UUID::randomUUID,
                Thread::new,
                FailureHook.HALT,
                InstantSource.system());
    }
}
