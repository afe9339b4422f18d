package io.argosy.raft.mutants;

import io.argosy.raft.sim.Ledger;
import io.argosy.raft.sim.ShrunkSeed;
import io.argosy.raft.sim.World;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;

/** Tries to notice the mutant. Loaded together with it, and called by name from the classes as they are. */
public final class Killing {

    private Killing() {}

    /** Runs seeds until one fails. Returns its count and what it said, or an empty text. */
    public static String bySeeds(long first, long seeds, long nanosMax) {
        long begun = System.nanoTime();
        for (long seed = first; seed < first + seeds && System.nanoTime() - begun < nanosMax; seed++) {
            try {
                World.of(seed, new Ledger()).run();
            } catch (AssertionError | RuntimeException e) {
                return seed - first + 1 + "|" + e;
            }
        }
        return "";
    }

    /** Finds a seed that fails and makes it smaller: {@link io.argosy.raft.sim.ShrunkSeed}, as texts. */
    public static List<String> shrink(int runsMax) {
        return ShrunkSeed.firstOf(1, runsMax).texts();
    }

    /** Runs one test. Returns what it said, or an empty text if it passed. */
    public static String byScript(String className, String methodName) throws ReflectiveOperationException {
        Class<?> tests = Class.forName(className, true, Killing.class.getClassLoader());
        Method method = find(tests, methodName);
        method.setAccessible(true);
        Object instance = instantiate(method.getDeclaringClass());
        try {
            for (Method each : method.getDeclaringClass().getDeclaredMethods()) {
                if (each.isAnnotationPresent(BeforeEach.class)) {
                    each.setAccessible(true);
                    each.invoke(instance);
                }
            }
            method.invoke(instance);
            return "";
        } catch (InvocationTargetException e) {
            return "1|" + e.getCause();
        }
    }

    /** Also in nested classes. */
    private static Method find(Class<?> in, String name) throws NoSuchMethodException {
        for (Method method : in.getDeclaredMethods()) {
            if (method.getName().equals(name)) {
                return method;
            }
        }
        for (Class<?> nested : in.getDeclaredClasses()) {
            try {
                return find(nested, name);
            } catch (NoSuchMethodException e) {
                // In another one.
            }
        }
        throw new NoSuchMethodException(in + "." + name);
    }

    private static Object instantiate(Class<?> tests) throws ReflectiveOperationException {
        Constructor<?> constructor = tests.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        return constructor.getParameterCount() == 0
                ? constructor.newInstance()
                : constructor.newInstance(instantiate(tests.getEnclosingClass()));
    }
}
