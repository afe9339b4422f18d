package io.argosy.client.internal;

/** Who can answer a call. */
public sealed interface Target {

    /** Any replica of the group; the leader first. */
    record Group(String name) implements Target {}

    /** Any server: the access points first, then all replicas known. */
    record Anyone() implements Target {}

    Anyone ANYONE = new Anyone();
}
