package io.argosy.server.ops;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * Whether the process should get traffic, and if not, why. Begins as not ready ("starting"), then asks its checks, ends
 * as not ready with the reason of the stop. Thread-safe.
 */
public final class Readiness {

    private final CopyOnWriteArrayList<Check> checks = new CopyOnWriteArrayList<>();
    private volatile Optional<String> closed = Optional.of("starting");

    /**
     * Adds a condition.
     *
     * @param problem returns at once: empty if all is well, or what is missing, for people
     */
    public void check(String name, Supplier<Optional<String>> problem) {
        checks.add(new Check(name, problem));
    }

    /** The process has started: from now on the checks decide. */
    public void open() {
        closed = Optional.empty();
    }

    /** Not ready from now on, whatever the checks say. */
    public void close(String reason) {
        closed = Optional.of(reason);
    }

    /** What keeps the process from being ready, by check; empty if it is ready. */
    public Map<String, String> problems() {
        Map<String, String> problems = new LinkedHashMap<>();
        closed.ifPresent(reason -> problems.put("process", reason));
        for (Check check : checks) {
            check.problem().get().ifPresent(text -> problems.put(check.name(), text));
        }
        return problems;
    }

    private record Check(String name, Supplier<Optional<String>> problem) {}
}
