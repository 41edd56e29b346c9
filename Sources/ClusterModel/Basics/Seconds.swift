/// A moment or a length of virtual time, in seconds. Moments count from the model's start.
public typealias Seconds = Double
