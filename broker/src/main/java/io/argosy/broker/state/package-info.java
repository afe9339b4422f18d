/**
 * The state machine: applies commands in log order to memory (sequence) and to the store (index).
 */
@NullMarked
package io.argosy.broker.state;

import org.jspecify.annotations.NullMarked;
