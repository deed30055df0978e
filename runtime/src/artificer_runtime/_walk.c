/* The walk of trees, compiled: the same leaves as in members/trees.py and members/oblivious.py, added in the same order,
 * so the same bits. `artificer_runtime.walk` says when it is used; members/packed.py lays out and checks what it reads.
 * Below it, the shares of contributions/trees.py.
 *
 * Rows go in groups of LANES, each column's numbers side by side. A tree of at most 64 leaves is not walked: each of its
 * questions strikes out the leaves that a row cannot reach any more, and the first one left is the row's (QuickScorer:
 * Lucchese et al., SIGIR 2015). There is nothing to predict or wait for, and one instruction asks for 4 to 16 rows. Other
 * trees are walked by 16 rows in turn, and a row alone walks 8 trees in turn: no walk waits for another one's memory.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT 3 /* of the tables; members/packed.py names the one that it writes */
#define LANES 16
#define TURNS 8
#define TREES_AT_ONCE 16            /* their nodes stay in the first cache */
#define SCRATCH (128 * 1024)        /* bytes of a block of rows, in the second one */
#define GROUPS_AT_ONCE 32
#define FEW 4                       /* rows fewer than these are walked one by one, not as a group with empty lanes */

#if defined(__GNUC__) && defined(__x86_64__)
#define WIDER 1
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f")))
#define CHOSEN(four, eight, sixteen)                                                                                   \
    (__builtin_cpu_supports("avx512f") ? sixteen : __builtin_cpu_supports("avx2") ? eight : four)
#else
#define CHOSEN(four, eight, sixteen) four
#endif

#define LEAF (-2) /* a leaf's row of values: LEAF less what stands in place of its set */

enum { AS_ZERO, NAN_LEFT, NAN_RIGHT, ZERO_LEFT, ZERO_RIGHT, IN_SET, AS_IT_IS }; /* as in members/trees.py, and one */

typedef struct { float threshold; uint32_t column, child; int32_t set; } Node; /* set: -1 none; of a leaf, LEAF less its row */
typedef struct { float threshold; uint32_t column, kept[2]; } Mark; /* of a set: its number in place of the threshold */
typedef struct { uint32_t root, depth, has_sets, mark, n_numbers, n_sets, leaf, n_leaves; } Tree; /* no leaves: walk */
typedef struct { float border; uint32_t column; } Ask;
typedef struct { uint32_t feature, kind; } Column;

typedef struct {
    const Column *columns;
    const float *X;
    double *out;
    Py_ssize_t n_columns, n_features, n_out, n_rows;
} Rows;

typedef struct {
    const Node *nodes;
    const Tree *trees;
    const Mark *marks;
    const uint32_t *leaves, *set_start;
    const uint8_t *members;
    const double *value;
    Py_ssize_t n_trees;
    int wide; /* a leaf has a value an output */
} Trees;

typedef struct {
    const Ask *asks;
    const double *values;
    Py_ssize_t n_trees, depth, n_leaves;
} Symmetric;

/* What a column holds of a number: gaps replaced, and of a code that is in no set -1. */
static float seen(float x, uint32_t kind)
{
    if (kind == AS_IT_IS) return x;
    if (kind == IN_SET) return x >= 0 && x < 2147483648.0f ? x : -1.0f;
    if (isnan(x) || (kind >= ZERO_LEFT && fabsf(x) <= 1e-35f))
        return kind == AS_ZERO ? 0.0f : kind == NAN_LEFT || kind == ZERO_LEFT ? -INFINITY : INFINITY;
    return x;
}

static void fill(const Rows *r, Py_ssize_t row, Py_ssize_t n_rows, float *x)
{
    for (Py_ssize_t c = 0; c < r->n_columns; c++) {
        const float *from = r->X + row * r->n_features + r->columns[c].feature;
        uint32_t kind = r->columns[c].kind;
        for (Py_ssize_t l = 0; l < n_rows; l++) x[c * LANES + l] = seen(from[l * r->n_features], kind);
        for (Py_ssize_t l = n_rows; l < LANES; l++) x[c * LANES + l] = 0.0f;
    }
}

static int inside(const Trees *w, uint32_t set, float code)
{
    uint32_t start = w->set_start[set], at = (uint32_t)(int32_t)code; /* -1 is above any size */
    return at < w->set_start[set + 1] - start && w->members[start + at];
}

static inline uint32_t next(const Trees *w, const Node *node, const float *x, uint32_t has_sets)
{
    float number = x[node->column * LANES];
    if (has_sets && node->set >= 0) number = inside(w, (uint32_t)node->set, number) ? 0.0f : 1.0f;
    return node->child + (number > node->threshold);
}

/* The row of values of a leaf. */
static inline uint32_t row_of(const Trees *w, uint32_t node) { return (uint32_t)(LEAF - w->nodes[node].set); }

/* LANES rows in turn through one tree, until all stand on leaves: there, more steps lead nowhere. */
static inline void in_turn(const Trees *w, const Tree *tree, const float *x, uint32_t has_sets, uint32_t *found)
{
    uint32_t at[LANES], moved = 1;
    for (int l = 0; l < LANES; l++) at[l] = tree->root;
    for (uint32_t step = 0; step < tree->depth && moved; step += 2) {
        moved = 0;
        for (int l = 0; l < LANES; l++) at[l] = next(w, w->nodes + at[l], x + l, has_sets);
        for (int l = 0; l < LANES; l++) {
            uint32_t to = next(w, w->nodes + at[l], x + l, has_sets);
            moved |= to ^ at[l];
            at[l] = to;
        }
    }
    for (int l = 0; l < LANES; l++) found[l] = row_of(w, at[l]);
}

static void walked(const Trees *w, const Tree *tree, const float *x, uint32_t *found)
{
    if (tree->has_sets) in_turn(w, tree, x, 1, found);
    else in_turn(w, tree, x, 0, found);
}

/* Add the values in these rows: of the leaves that `n` rows reached in one tree. */
static inline void add(const Trees *w, double *out, Py_ssize_t n_out, Py_ssize_t tree, const uint32_t *found, Py_ssize_t n)
{
    if (w->wide)
        for (Py_ssize_t l = 0; l < n; l++)
            for (Py_ssize_t k = 0; k < n_out; k++) out[l * n_out + k] += w->value[found[l] * n_out + k];
    else if (n_out == 1)
        for (Py_ssize_t l = 0; l < n; l++) out[l] += w->value[found[l]];
    else
        for (Py_ssize_t l = 0; l < n; l++) out[l * n_out + tree % n_out] += w->value[found[l]];
}

#if defined(__GNUC__)
/* The leaves of LANES rows: PARTS vectors of WIDTH. Each question keeps all leaves where the answer is left. */
#define STRIKE(NAME, TARGET, WIDTH)                                                                                    \
    typedef float NAME##_f __attribute__((vector_size(WIDTH * 4)));                                                    \
    typedef int32_t NAME##_i __attribute__((vector_size(WIDTH * 4)));                                                  \
    TARGET static void NAME(const Trees *w, const Tree *tree, const float *x, uint32_t *found)                          \
    {                                                                                                                  \
        enum { PARTS = LANES / WIDTH };                                                                                \
        NAME##_i low[PARTS], high[PARTS], left[PARTS];                                                                 \
        uint32_t first[LANES], second[LANES];                                                                          \
        int32_t answer[LANES];                                                                                         \
        const Mark *mark = w->marks + tree->mark, *sets = mark + tree->n_numbers, *end = sets + tree->n_sets;          \
        int large = tree->n_leaves > 32;                                                                               \
        memset(low, 255, sizeof low);                                                                                  \
        memset(high, 255, sizeof high);                                                                                \
        for (; mark < sets; mark++)                                                                                    \
            for (int p = 0; p < PARTS; p++) {                                                                          \
                NAME##_f number;                                                                                       \
                memcpy(&number, x + mark->column * LANES + p * WIDTH, sizeof number);                                  \
                NAME##_i yes = number <= mark->threshold;                                                              \
                low[p] &= yes | (int32_t)mark->kept[0];                                                                \
                if (large) high[p] &= yes | (int32_t)mark->kept[1];                                                    \
            }                                                                                                          \
        for (; mark < end; mark++) {                                                                                   \
            uint32_t set;                                                                                              \
            memcpy(&set, &mark->threshold, sizeof set);                                                                \
            for (int l = 0; l < LANES; l++) answer[l] = -inside(w, set, x[mark->column * LANES + l]);                  \
            memcpy(left, answer, sizeof left);                                                                         \
            for (int p = 0; p < PARTS; p++) {                                                                          \
                low[p] &= left[p] | (int32_t)mark->kept[0];                                                            \
                high[p] &= left[p] | (int32_t)mark->kept[1];                                                           \
            }                                                                                                          \
        }                                                                                                              \
        memcpy(first, low, sizeof low);                                                                                \
        memcpy(second, high, sizeof high);                                                                             \
        for (int l = 0; l < LANES; l++)                                                                                \
            found[l] = w->leaves[tree->leaf + __builtin_ctzll(first[l] | (uint64_t)second[l] << 32)];                  \
    }

STRIKE(strike_4, , 4)
#ifdef WIDER
STRIKE(strike_8, AVX2, 8)
STRIKE(strike_16, AVX512, 16)
#endif
#else
#define strike_4 walked
#endif

typedef void Leaves(const Trees *, const Tree *, const float *, uint32_t *);
typedef void Block(const void *model, const Rows *r, Py_ssize_t row, Py_ssize_t n_rows, float *x);

/* A block of rows through blocks of trees; `x` holds its groups. */
static void many(const void *model, const Rows *r, Py_ssize_t row, Py_ssize_t n_rows, float *x)
{
    const Trees *w = model;
    Leaves *struck = CHOSEN(strike_4, strike_8, strike_16);
    for (Py_ssize_t start = 0; start < w->n_trees; start += TREES_AT_ONCE) {
        Py_ssize_t stop = start + TREES_AT_ONCE < w->n_trees ? start + TREES_AT_ONCE : w->n_trees;
        for (Py_ssize_t g = 0; g < n_rows; g += LANES) {
            Py_ssize_t n = n_rows - g < LANES ? n_rows - g : LANES;
            double *out = r->out + (row + g) * r->n_out;
            uint32_t found[LANES];
            for (Py_ssize_t t = start; t < stop; t++) {
                (w->trees[t].n_leaves ? struck : walked)(w, w->trees + t, x + g * r->n_columns, found);
                add(w, out, r->n_out, t, found, n);
            }
        }
    }
}

/* One row, eight trees in turn. */
static void one(const void *model, const Rows *r, Py_ssize_t row, Py_ssize_t n_rows, float *x)
{
    const Trees *w = model;
    (void)n_rows;
    for (Py_ssize_t start = 0; start < w->n_trees; start += TURNS) {
        Py_ssize_t n = w->n_trees - start < TURNS ? w->n_trees - start : TURNS;
        uint32_t at[TURNS], steps = 0, has_sets = 0, moved = 1;
        for (Py_ssize_t l = 0; l < TURNS; l++) {
            const Tree *tree = w->trees + start + (l < n ? l : 0);
            at[l] = tree->root;
            steps = tree->depth > steps ? tree->depth : steps;
            has_sets |= tree->has_sets;
        }
        for (; steps && moved; steps--) {
            moved = 0;
            for (int l = 0; l < TURNS; l++) {
                uint32_t to = next(w, w->nodes + at[l], x, has_sets);
                moved |= to ^ at[l];
                at[l] = to;
            }
        }
        for (Py_ssize_t l = 0; l < n; l++) {
            uint32_t found = row_of(w, at[l]);
            add(w, r->out + row * r->n_out, r->n_out, start + l, &found, 1);
        }
    }
}

/* Symmetric trees: the answers of one depth are one bit of the leaf's number. */
static void numbered(const Ask *ask, Py_ssize_t depth, const float *x, uint32_t *found)
{
    uint32_t leaf[LANES] = {0};
    for (Py_ssize_t bit = 0; bit < depth; bit++) {
        const float *column = x + ask[bit].column * LANES, border = ask[bit].border;
        for (int l = 0; l < LANES; l++) leaf[l] |= (uint32_t)(column[l] > border) << bit;
    }
    memcpy(found, leaf, sizeof leaf);
}

/* The same of a row alone. */
static void numbered_1(const Ask *a, Py_ssize_t depth, const float *x, uint32_t *found)
{
    *found = 0;
    for (Py_ssize_t bit = 0; bit < depth; bit++) *found |= (uint32_t)(x[a[bit].column * LANES] > a[bit].border) << bit;
}

static void symmetric(const void *model, const Rows *r, Py_ssize_t row, Py_ssize_t n_rows, float *x)
{
    const Symmetric *w = model;
    for (Py_ssize_t start = 0; start < w->n_trees; start += TREES_AT_ONCE) {
        Py_ssize_t stop = start + TREES_AT_ONCE < w->n_trees ? start + TREES_AT_ONCE : w->n_trees;
        for (Py_ssize_t g = 0; g < n_rows; g += LANES) {
            Py_ssize_t n = n_rows - g < LANES ? n_rows - g : LANES;
            double *out = r->out + (row + g) * r->n_out;
            uint32_t leaf[LANES];
            for (Py_ssize_t t = start; t < stop; t++) {
                const double *values = w->values + t * w->n_leaves * r->n_out;
                (n == 1 ? numbered_1 : numbered)(w->asks + t * w->depth, w->depth, x + g * r->n_columns, leaf);
                if (r->n_out == 1)
                    for (Py_ssize_t l = 0; l < n; l++) out[l] += values[leaf[l]];
                else
                    for (Py_ssize_t l = 0; l < n; l++)
                        for (Py_ssize_t k = 0; k < r->n_out; k++) out[l * r->n_out + k] += values[leaf[l] * r->n_out + k];
            }
        }
    }
}

/* All rows, block by block, without the interpreter's lock; NULL and an error, or None. */
static PyObject *predicted(const void *model, const Rows *r, Block *block, Block *single)
{
    size_t group = sizeof(float) * LANES * (size_t)(r->n_columns ? r->n_columns : 1);
    Py_ssize_t most = (Py_ssize_t)(SCRATCH / group);
    most = most < 1 ? 1 : most > GROUPS_AT_ONCE ? GROUPS_AT_ONCE : most;
    for (Py_ssize_t c = 0; c < r->n_columns; c++)
        if (r->columns[c].feature >= (size_t)r->n_features)
            return PyErr_Format(PyExc_IndexError, "the rows have %zd features, a tree asks for number %u", r->n_features,
                                (unsigned)r->columns[c].feature);
    float *x = malloc(group * (size_t)most);
    if (!x) return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t row = 0; row < r->n_rows;) {
        Py_ssize_t left = r->n_rows - row, n = left < most * LANES ? left : most * LANES;
        int alone = single && left < FEW;
        if (alone) n = 1;
        else if (single && n % LANES < FEW) n -= n % LANES;
        for (Py_ssize_t g = 0; g < n; g += LANES)
            fill(r, row + g, n - g < LANES ? n - g : LANES, x + g * r->n_columns);
        (alone ? single : block)(model, r, row, n, x);
        row += n;
    }
    Py_END_ALLOW_THREADS
    free(x);
    Py_RETURN_NONE;
}

/* Whether the buffers' sizes fit together. What stands in them was checked by those who laid them out. */
static int sized(Rows *r, const Py_buffer *columns, const Py_buffer *X, const Py_buffer *out)
{
    r->columns = columns->buf;
    r->X = X->buf;
    r->out = out->buf;
    r->n_columns = columns->len / (Py_ssize_t)sizeof(Column);
    if (r->n_out < 1 || r->n_features < 0) return 0;
    r->n_rows = out->len / (Py_ssize_t)sizeof(double) / r->n_out;
    return out->len == r->n_rows * r->n_out * (Py_ssize_t)sizeof(double)
        && X->len == r->n_rows * r->n_features * (Py_ssize_t)sizeof(float);
}

static PyObject *released(PyObject *answer, Py_buffer *held, int n)
{
    for (int k = 0; k < n; k++) PyBuffer_Release(held + k);
    return answer;
}

static PyObject *trees(PyObject *self, PyObject *args)
{
    Py_buffer b[10];
    Rows r;
    Trees w;
    (void)self;
    int wide;
    if (!PyArg_ParseTuple(args, "(y*y*y*y*y*y*y*y*p)y*nw*n", b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7, &wide,
                          b + 8, &r.n_features, b + 9, &r.n_out))
        return NULL;
    int fits = sized(&r, b + 6, b + 8, b + 9) && (!wide || b[7].len % (r.n_out * (Py_ssize_t)sizeof(double)) == 0);
    w = (Trees){b[0].buf, b[1].buf, b[2].buf, b[3].buf, b[4].buf, b[5].buf, b[7].buf,
                b[1].len / (Py_ssize_t)sizeof(Tree), wide};
    if (!fits) PyErr_SetString(PyExc_ValueError, "the buffers' sizes do not fit together");
    return released(fits ? predicted(&w, &r, many, one) : NULL, b, 10);
}

static PyObject *oblivious(PyObject *self, PyObject *args)
{
    Py_buffer b[5];
    Rows r;
    Symmetric w;
    (void)self;
    if (!PyArg_ParseTuple(args, "(y*y*y*n)y*nw*n", b, b + 1, b + 2, &w.depth, b + 3, &r.n_features, b + 4, &r.n_out))
        return NULL;
    int fits = sized(&r, b + 1, b + 3, b + 4) && w.depth >= 0 && w.depth < 31;
    if (fits) {
        w.asks = b[0].buf;
        w.values = b[2].buf;
        w.n_leaves = (Py_ssize_t)1 << w.depth;
        w.n_trees = b[2].len / (Py_ssize_t)sizeof(double) / r.n_out / w.n_leaves;
        fits = b[0].len == w.n_trees * w.depth * (Py_ssize_t)sizeof(Ask)
            && b[2].len == w.n_trees * w.n_leaves * r.n_out * (Py_ssize_t)sizeof(double);
    }
    if (!fits) PyErr_SetString(PyExc_ValueError, "the buffers' sizes do not fit together");
    return released(fits ? predicted(&w, &r, symmetric, NULL) : NULL, b, 5);
}

/* Shares of groups of questions in one row's sum: see contributions/trees.py, whose names these are. */
typedef struct { double z; uint32_t parent, above, group, right; } Step; /* the question that leads to a node */
typedef struct { uint32_t first, n_nodes, n_points, rule, out; } Span;   /* a tree; the first of its points */

typedef struct {
    const Node *nodes;
    const Step *steps;
    const Span *spans;
    const double *rules; /* all points of a rule, then all weights */
    const uint32_t *set_start;
    const uint8_t *members;
    const double *value;
    Py_ssize_t n_trees, n_groups, scratch; /* doubles that the largest tree needs */
    int wide;
} Shares;

#define NOTHING 0xFFFFFFFFu /* above: the group was not asked about before */
#define EACH for (uint32_t q = 0; q < n; q++)

static inline void shares_of(const Shares *s, const Span *tree, const float *x, double *at, double *out, Py_ssize_t n_out,
                             const uint32_t n)
{
    const Node *node = s->nodes + tree->first;
    const Step *step = s->steps + tree->first;
    const double *value = s->value + tree->first * (s->wide ? n_out : 1), *t = s->rules + tree->rule, *weight = t + n;
    const Trees sets = {.set_start = s->set_start, .members = s->members};
    double *product = at, *below = product + tree->n_nodes * n, *effect = below + tree->n_nodes * n;
    double *inverse = effect + tree->n_nodes * n, *led = inverse + tree->n_nodes * n;
    EACH product[q] = 1.0;
    for (uint32_t e = 1; e < tree->n_nodes; e++) {
        const Node *asked = node + step[e].parent;
        const double *from = product + step[e].parent * n, z = step[e].z;
        double *to = product + e * n, *own = effect + e * n, *inv = inverse + e * n;
        uint32_t above = step[e].above;
        float number = x[asked->column * LANES];
        if (asked->set >= 0) number = inside(&sets, (uint32_t)asked->set, number) ? 0.0f : 1.0f;
        int known = (number > asked->threshold) == step[e].right && (above == NOTHING || led[above] != 0.0);
        led[e] = known;
        if (above != NOTHING && led[above] == 0.0) { /* out of reach before, and so it stays */
            const double ratio = z / step[above].z;
            EACH to[q] = from[q] * ratio;
            continue;
        }
        if (known) EACH {
            double factor = t[q] + (1.0 - t[q]) * z;
            to[q] = from[q] * factor;
            inv[q] = 1.0 / factor;
            own[q] = (1.0 - z) * inv[q];
        }
        else EACH {
            to[q] = from[q] * (1.0 - t[q]) * z;
            own[q] = -1.0 / (1.0 - t[q]);
        }
        if (above != NOTHING) EACH to[q] *= inverse[above * n + q];
    }
    for (Py_ssize_t k = 0; k < (s->wide ? n_out : 1); k++) {
        Py_ssize_t to = s->wide ? k : (Py_ssize_t)tree->out;
        for (uint32_t e = 0; e < tree->n_nodes; e++) {
            double leaf = s->wide ? value[e * n_out + k] : value[e]; /* 0 where it is none */
            EACH below[e * n + q] = product[e * n + q] * leaf;
        }
        for (uint32_t e = tree->n_nodes - 1; e > 0; e--) {
            uint32_t above = step[e].above;
            double *sum = below + step[e].parent * n, *own = below + e * n, share = 0.0;
            EACH sum[q] += own[q];
            if (above == NOTHING) EACH share += weight[q] * own[q] * effect[e * n + q];
            else if (led[above] != 0.0) EACH share += weight[q] * own[q] * (effect[e * n + q] - effect[above * n + q]);
            out[step[e].group * n_out + to] += share;
        }
    }
}

#define SHARE(NAME, TARGET)                                                                                            \
    TARGET static void NAME(const Shares *s, const Span *tree, const float *x, double *at, double *out, Py_ssize_t n_out) \
    {                                                                                                                  \
        if (tree->n_points == 4) shares_of(s, tree, x, at, out, n_out, 4);                                             \
        else if (tree->n_points == 8) shares_of(s, tree, x, at, out, n_out, 8);                                        \
        else shares_of(s, tree, x, at, out, n_out, tree->n_points);                                                    \
    }

SHARE(share_2, )
#ifdef WIDER
SHARE(share_4, AVX2)
SHARE(share_8, AVX512)
#endif

typedef struct { const Shares *s; double *scratch; } Sharing;

static void shared(const void *model, const Rows *r, Py_ssize_t row, Py_ssize_t n_rows, float *x)
{
    const Sharing *w = model;
    void (*share)(const Shares *, const Span *, const float *, double *, double *, Py_ssize_t) = CHOSEN(share_2, share_4, share_8);
    Py_ssize_t n_out = r->n_out / w->s->n_groups;
    for (Py_ssize_t l = 0; l < n_rows; l++)
        for (Py_ssize_t t = 0; t < w->s->n_trees; t++)
            share(w->s, w->s->spans + t, x + l / LANES * LANES * r->n_columns + l % LANES, w->scratch,
                  r->out + (row + l) * r->n_out, n_out);
}

static PyObject *shares(PyObject *self, PyObject *args)
{
    Py_buffer b[10];
    Rows r;
    Shares s;
    (void)self;
    if (!PyArg_ParseTuple(args, "(y*y*y*y*y*y*y*y*nn)y*nw*n", b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7,
                          &s.n_groups, &s.scratch, b + 8, &r.n_features, b + 9, &r.n_out))
        return NULL;
    Py_ssize_t n_nodes = b[0].len / (Py_ssize_t)sizeof(Node), n_values = b[6].len / (Py_ssize_t)sizeof(double);
    int fits = s.n_groups > 0 && sized(&r, b + 7, b + 8, b + 9) && r.n_out % s.n_groups == 0 && s.scratch > 0
        && b[1].len == n_nodes * (Py_ssize_t)sizeof(Step)
        && (n_values == n_nodes || n_values == n_nodes * (r.n_out / s.n_groups));
    Sharing sharing = {&s, NULL};
    PyObject *answer = NULL;
    s = (Shares){b[0].buf, b[1].buf, b[2].buf, b[3].buf, b[4].buf, b[5].buf, b[6].buf,
                 b[2].len / (Py_ssize_t)sizeof(Span), s.n_groups, s.scratch, n_values != n_nodes};
    if (!fits) PyErr_SetString(PyExc_ValueError, "the buffers' sizes do not fit together");
    else if (!(sharing.scratch = malloc(sizeof(double) * (size_t)s.scratch))) PyErr_NoMemory();
    else answer = predicted(&sharing, &r, shared, NULL);
    free(sharing.scratch);
    return released(answer, b, 10);
}

static PyMethodDef methods[] = {
    {"trees", trees, METH_VARARGS, "Add each row's leaves to `out`."},
    {"oblivious", oblivious, METH_VARARGS, "Add each row's leaves of symmetric trees to `out`."},
    {"shares", shares, METH_VARARGS, "Add to `out` what groups of questions add to each row's leaves."},
    {NULL, NULL, 0, NULL},
};

static int filled(PyObject *module) { return PyModule_AddIntConstant(module, "LAYOUT", LAYOUT); }

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)filled}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_walk", "The walk of trees, compiled.", 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__walk(void) { return PyModuleDef_Init(&definition); }
