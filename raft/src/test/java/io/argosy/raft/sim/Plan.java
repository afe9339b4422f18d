package io.argosy.raft.sim;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A seed, and what of that which it draws is overruled: to narrow a failure down, or to measure runs of one shape.
 *
 * @param without kinds of faults that are left out
 * @param voters size of the group at its birth
 * @param seconds virtual seconds of trouble
 * @param rate requests per second
 * @param strikes numbers of the nemesis's strikes that happen, the others don't; empty for all
 */
public record Plan(
        long seed,
        Set<FaultClass> without,
        OptionalInt voters,
        OptionalInt seconds,
        OptionalInt rate,
        Optional<Set<Integer>> strikes) {

    public Plan {
        without = without.isEmpty() ? EnumSet.noneOf(FaultClass.class) : EnumSet.copyOf(without);
        strikes = strikes.map(TreeSet::new);
    }

    /** The seed as it is. */
    public static Plan of(long seed) {
        return new Plan(
                seed,
                EnumSet.noneOf(FaultClass.class),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                Optional.empty());
    }

    Plan withSeed(long other) {
        return new Plan(other, without, voters, seconds, rate, strikes);
    }

    Plan without(Set<FaultClass> kinds) {
        return new Plan(seed, kinds, voters, seconds, rate, strikes);
    }

    Plan withVoters(int count) {
        return new Plan(seed, without, OptionalInt.of(count), seconds, rate, strikes);
    }

    Plan withSeconds(int virtualSeconds) {
        return new Plan(seed, without, voters, OptionalInt.of(virtualSeconds), rate, strikes);
    }

    Plan withRate(int requestsPerSecond) {
        return new Plan(seed, without, voters, seconds, OptionalInt.of(requestsPerSecond), strikes);
    }

    Plan withStrikes(Set<Integer> numbers) {
        return new Plan(seed, without, voters, seconds, rate, Optional.of(numbers));
    }

    /** A shape that has a name: five, the group whose speed docs/reliability.md tells. */
    Plan shaped(String name) {
        if (!name.equals("five")) {
            throw new IllegalArgumentException("unknown shape " + name + ", there is: five");
        }
        return withVoters(5).withSeconds(60).withRate(100);
    }

    /** Takes one option of the command line, if it is one of the plan's. */
    Optional<Plan> with(String option, String value) {
        return switch (option) {
            case "--seed" -> Optional.of(withSeed(Long.parseLong(value)));
            case "--shape" -> Optional.of(shaped(value));
            case "--voters" -> Optional.of(withVoters(Integer.parseInt(value)));
            case "--seconds" -> Optional.of(withSeconds(Integer.parseInt(value)));
            case "--rate" -> Optional.of(withRate(Integer.parseInt(value)));
            case "--without" ->
                Optional.of(
                        without(Arrays.stream(value.split(",")).map(Plan::fault).collect(Collectors.toSet())));
            case "--strikes" ->
                Optional.of(withStrikes(
                        value.equals("none")
                                ? Set.of()
                                : Arrays.stream(value.split(","))
                                        .map(Plan::strike)
                                        .collect(Collectors.toSet())));
            default -> Optional.empty();
        };
    }

    private static FaultClass fault(String name) {
        return Arrays.stream(FaultClass.values())
                .filter(each -> each.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--without takes kinds of faults, not '" + name + "': "
                        + Arrays.stream(FaultClass.values())
                                .map(FaultClass::name)
                                .collect(Collectors.joining(", "))));
    }

    private static int strike(String number) {
        try {
            return Integer.parseInt(number);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--strikes takes numbers with commas, or none, not '" + number + "'", e);
        }
    }

    /** The options that make this plan. */
    String asOptions() {
        return "--seed " + seed + overruled();
    }

    /** The options that make it from its seed. */
    String overruled() {
        StringBuilder out = new StringBuilder();
        if (!without.isEmpty()) {
            out.append(" --without ")
                    .append(without.stream().map(FaultClass::name).collect(Collectors.joining(",")));
        }
        voters.ifPresent(count -> out.append(" --voters ").append(count));
        seconds.ifPresent(count -> out.append(" --seconds ").append(count));
        rate.ifPresent(count -> out.append(" --rate ").append(count));
        strikes.ifPresent(numbers -> out.append(" --strikes ")
                .append(
                        numbers.isEmpty()
                                ? "none"
                                : numbers.stream().map(String::valueOf).collect(Collectors.joining(","))));
        return out.toString();
    }
}
