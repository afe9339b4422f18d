package io.argosy.client;

/**
 * Knows which threads are inside a callback of the client. Waiting there would wait for the very thread that brings the
 * answer, so it is refused instead of hanging.
 */
final class Callbacks {

    private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);

    private Callbacks() {}

    static void run(Runnable callback) {
        boolean outer = INSIDE.get();
        INSIDE.set(true);
        try {
            callback.run();
        } finally {
            INSIDE.set(outer);
        }
    }

    static boolean inside() {
        return INSIDE.get();
    }

    static void refuseToBlock() {
        if (INSIDE.get()) {
            throw new IllegalStateException("a blocking call inside a callback of the client would wait for itself;"
                    + " use the asynchronous form, or chain with thenApplyAsync");
        }
    }
}
