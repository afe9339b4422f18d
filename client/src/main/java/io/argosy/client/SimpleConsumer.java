package io.argosy.client;

public final class SimpleConsumer {
    static final class Builder {
        Builder(ArgosyClient c, String g) {}
    }
}
