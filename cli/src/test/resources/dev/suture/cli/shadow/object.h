struct object { long value; };
struct object *object_new(void);
void object_use(struct object *object);
long object_describe(const struct object *object);
void object_free(struct object *object);
