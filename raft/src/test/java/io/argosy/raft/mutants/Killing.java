package io.argosy.raft.mutants;

import io.argosy.raft.sim.Ledger;
import io.argosy.raft.sim.ShrunkSeed;
import io.argosy.raft.sim.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.Annotation;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tries to notice the mutant. Loaded together with it, and called by name from the classes as they are. */
public final class Killing {

    private Killing() {}

    /**
     * Runs seeds until one fails, there were enough of them, this thread has used so much of a core, or the moment has
     * come. Returns how many were run, the seconds of a core that they took, and what the last one said if it failed.
     */
    public static String bySeeds(long first, long seeds, long cpuNanosMax, long endNanos) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long begunNanos = threads.getCurrentThreadCpuTime();
        String said = "";
        long seed = first;
        while (said.isEmpty()
                && seed - first < seeds
                && threads.getCurrentThreadCpuTime() - begunNanos < cpuNanosMax
                && (endNanos == Long.MAX_VALUE || System.nanoTime() < endNanos)) {
            try {
                World.of(seed, new Ledger()).run();
            } catch (AssertionError | RuntimeException e) {
                said = e.toString();
            }
            seed++;
        }
        return (seed - first) + "|" + (threads.getCurrentThreadCpuTime() - begunNanos) / 1e9 + "|" + said;
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
        List<Path> folders = giveFolders(instance);
        try {
            callAll(instance, BeforeEach.class);
            method.invoke(instance);
            return "";
        } catch (InvocationTargetException e) {
            return String.valueOf(e.getCause());
        } finally {
            callAll(instance, AfterEach.class);
            folders.forEach(Killing::delete);
        }
    }

    private static void callAll(Object instance, Class<? extends Annotation> kind) throws ReflectiveOperationException {
        for (Method each : instance.getClass().getDeclaredMethods()) {
            if (each.isAnnotationPresent(kind)) {
                each.setAccessible(true);
                each.invoke(instance);
            }
        }
    }

    private static List<Path> giveFolders(Object instance) throws ReflectiveOperationException {
        List<Path> folders = new ArrayList<>();
        for (Field field : instance.getClass().getDeclaredFields()) {
            if (field.isAnnotationPresent(TempDir.class)) {
                try {
                    Path folder = Files.createTempDirectory("mutant");
                    field.setAccessible(true);
                    field.set(instance, folder);
                    folders.add(folder);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return folders;
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
