package io.argosy.raft.sim;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * One run of a plan.
 *
 * @param failure what went wrong
 */
record Attempt(World world, Optional<String> failure) {

    static Attempt at(Plan plan, Supplier<Workload> workloads) {
        try (Workload workload = workloads.get()) {
            World world = World.of(plan, workload);
            return new Attempt(world, failureOf(world));
        }
    }

    /** What the plan draws, without a run. */
    static Swarm sizeOf(Plan plan, Supplier<Workload> workloads) {
        try (Workload workload = workloads.get()) {
            return World.of(plan, workload).swarm();
        }
    }

    private static Optional<String> failureOf(World world) {
        try {
            world.run();
            return Optional.empty();
        } catch (Violation e) {
            return Optional.of(String.valueOf(e.getMessage()) + (e.getCause() == null ? "" : trail(e.getCause())));
        } catch (RuntimeException | AssertionError e) {
            return Optional.of("simulator or replica threw " + e + trail(e));
        }
    }

    private static String trail(Throwable cause) {
        StringBuilder out = new StringBuilder();
        for (StackTraceElement element : cause.getStackTrace()) {
            out.append("\n    at ").append(element);
            if (out.length() > 1500) {
                break;
            }
        }
        return out.toString();
    }
}
